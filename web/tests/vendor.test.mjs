import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import { test } from 'node:test';

const read = (path) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
const files = readdirSync(new URL('../vendor/', import.meta.url)).filter((name) => name !== 'README.md');
/** What scripts/update-vendor fetches: package, version, hash, file in the package, name here. */
const fetched = [...read('scripts/update-vendor').matchAll(/^fetch (\S+) (\S+) ([0-9a-f]{64}) (\S+) (\S+)$/gm)]
  .map(([, , version, hash, , name]) => ({ version, hash, name }));

test('every vendored library is the reviewed one, at the version that its table says', () => {
  assert.ok(fetched.length > 0);
  for (const { version, hash, name } of fetched) {
    assert.equal(createHash('sha256').update(read(`web/vendor/${name}.js`)).digest('hex'), hash, name);
    const row = read('web/vendor/README.md').split('\n').find((line) => line.startsWith(`| \`${name}.js\` |`));
    assert.equal(row?.split(' | ')[2], version, name);
    assert.ok(row.includes(`\`${name}.LICENSE\``), name);
  }
});

test('there is nothing else among them, and each has its licence', () => {
  assert.deepEqual(files.sort(), fetched.flatMap(({ name }) => [`${name}.LICENSE`, `${name}.js`]).sort());
  for (const { name } of fetched) assert.match(read(`web/vendor/${name}.LICENSE`), /licen[cs]e/i, name);
});
