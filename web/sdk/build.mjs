// Derives the classic scripts from the module: node web/sdk/build.mjs
//
// A released file never changes: pages name it together with its hash. So a change of the source takes a
// new version in package.json and paygate.mjs, and the files of older versions stay where they are.
// dist/INTEGRITY has the hashes of all of them.
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';

const here = (name) => new URL(name, import.meta.url);
const read = (name) => readFileSync(here(name), 'utf8');

export const { version } = JSON.parse(read('package.json'));

/** A script that defines `window.Paygate`, and whatever `more` defines with it. */
function classic(more = '') {
  const body = `${read('paygate.mjs')}${more}`
    .replaceAll(/^export (?=const|class|function)/gm, '')
    .replaceAll('import.meta.url', 'script')
    // The sources keep comments on lines of their own, and no text spans lines: what is left is the code.
    .replaceAll(/\/\*[^]*?\*\//g, '')
    .replaceAll(/^\s*\/\/.*$/gm, '')
    .replaceAll(/^\s+/gm, '');
  return `/*! Paygate ${version} | Apache-2.0 */
(() => {
'use strict';
const script = document.currentScript && document.currentScript.src;
${body}window.Paygate = Paygate;
})();
`;
}

export const files = {
  [`dist/paygate-${version}.js`]: classic(),
  [`dist/compat-${version}.js`]: classic(read('compat.js')),
};

/** The line of a file in dist/INTEGRITY. */
export const line = (name, text) => `${name.replace('dist/', '')} sha384-${createHash('sha384').update(text).digest('base64')}\n`;

if (process.argv[1] === here('build.mjs').pathname) {
  const changed = Object.keys(files).filter((name) => existsSync(here(name)) && read(name) !== files[name]);
  if (changed.length) {
    console.error(`${changed.join(', ')}: released, and never changed. Give the change a version of its own.`);
    process.exit(1);
  }
  const record = new Set(read('dist/INTEGRITY').split(/(?<=\n)/));
  for (const [name, text] of Object.entries(files)) {
    writeFileSync(here(name), text);
    record.add(line(name, text));
  }
  writeFileSync(here('dist/INTEGRITY'), [...record].sort().join(''));
}
