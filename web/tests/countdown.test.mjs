import assert from 'node:assert/strict';
import { test } from 'node:test';
import { countdown } from '../static/countdown.js';

test('it counts what the server said, and is marked in the last minute', (context) => {
  context.mock.timers.enable({ apis: ['setInterval'] });
  let now = 5_000;
  context.mock.method(performance, 'now', () => now);
  // A device whose clock is a quarter of an hour fast: nobody asks it.
  context.mock.method(Date, 'now', () => assert.fail('the clock of the device counts for nothing'));
  const marks = new Set();
  const place = { textContent: '' };
  const line = { classList: { toggle: (name, isOn) => (isOn ? marks.add(name) : marks.delete(name)) } };
  const clock = countdown(place, line);
  const pass = (ms) => { now += ms; context.mock.timers.tick(1000); };
  pass(1000);
  assert.equal(place.textContent, '', 'nobody knows yet');
  clock.set(599_400);
  assert.equal(place.textContent, '09:59');
  pass(538_400);
  assert.deepEqual([place.textContent, marks.size], ['01:01', 0]);
  pass(1000);
  assert.deepEqual([place.textContent, [...marks]], ['01:00', ['is-short']]);
  clock.set(120_000);
  assert.deepEqual([place.textContent, marks.size], ['02:00', 0]);
  pass(500_000);
  assert.equal(place.textContent, '00:00');
  clock.stop();
});
