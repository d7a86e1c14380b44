import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { test } from 'node:test';

const folder = new URL('../static/', import.meta.url);
const COLOUR = /#[0-9a-f]{3,8}\b|\b(?:rgb|hsl|hwb|lab|lch|oklab|oklch)a?\([^)]*\)/gi;

/** Colours outside tokens.css, each with the reason why it is the same in both schemes and in one place alone. */
const ALLOWED = {
  'checkout.css': {
    '#fff': 'cameras read a QR code that is dark on white',
    'rgb(10 12 18 / 55%)': 'a backdrop inherits no token in older browsers',
  },
  'm/phone.css': {
    '#3d63c9': 'a card is a picture', '#1d2f63': 'a card is a picture', '#141d3c': 'a card is a picture',
    '#ced8f5': 'on the card', 'rgb(255 255 255 / 16%)': 'on the card',
    '#fff': 'on the card and on what the camera sees',
    '#0c0e12': 'before the camera sees anything', 'rgb(255 255 255 / 90%)': 'on what the camera sees',
    '#000': 'a mask is what it covers; a shadow on what the camera sees',
    'rgb(10 12 18 / 55%)': 'a backdrop inherits no token in older browsers',
  },
};

test('every colour is a token, but for a few with a reason', () => {
  const found = {};
  const sheets = readdirSync(folder, { recursive: true }).filter((name) => name.endsWith('.css') && name !== 'tokens.css');
  assert.ok(sheets.length >= 5, sheets.join());
  for (const sheet of sheets) {
    const text = readFileSync(new URL(sheet, folder), 'utf8').replaceAll(/\/\*[^]*?\*\//g, '');
    // Of declarations alone: a selector may have an id that looks like a colour.
    const values = [...text.matchAll(/[\w-]+\s*:([^;{}]+)(?=[;}])/g)].map(([, value]) => value).join(';');
    const colours = new Set(values.match(COLOUR));
    if (colours.size) found[sheet.replaceAll('\\', '/')] = [...colours].sort();
  }
  const allowed = Object.fromEntries(Object.entries(ALLOWED).map(([sheet, reasons]) => [sheet, Object.keys(reasons).sort()]));
  assert.deepEqual(found, allowed);
});
