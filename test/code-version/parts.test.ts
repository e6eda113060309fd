/** Which changes of a module with several memoized functions change the fingerprint of which of them. */

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Fingerprints } from '../../src/code-version/fingerprint.ts';
import { variants } from '../effort.ts';
import { createProject, type Files, type Project } from './project.ts';

const files: Files = {
  'package.json': '{ "name": "app", "type": "module" }',
  'stages.ts': `
import { memoize } from 'threadmemo';
import * as path from 'node:path';
import { split, join as joined } from './texts.ts';
import { norm } from './norm.js';
import weights from './weights.json' with { type: 'json' };

const LIMIT = 10;
let calls = 0;
const pattern = /a+/;

export const words = memoize(import.meta.url, function words(text: string) {
  calls++;
  return split(\`\${text}
var pairs = memoize(import.meta.url, function pairs() {\`).slice(0, LIMIT);
}, { ttl: '1h' });

export const pairs = memoize(import.meta.url, async function pairs(text: string) {
  return joined(await words(text)) + path.sep;
});

function weigh(text: string) {
  return weights.factor * text.length;
}
export const weight = memoize(
  import.meta.url,
  // What a text weighs.
  weigh,
  /* A name that
     is not its own. */
  {
    // name: 'weigh'
    name: 'weight',
    max: 5,
  },
);

export const score = memoize(import.meta.url, (text: string) => pattern.test(text), {
  name: 'score',
  max: 5,
});

export const unit = memoize(
  import.meta.url,
  function* unit() { yield norm(1); },
  { name: 'units', key: (name: string) => name },
);
export default memoize(import.meta.url, function last(text: string) { return text; });
export function helperOfNone() { return 1; }
`,
  'texts.ts': `
import { memoize } from 'threadmemo';
export const split = memoize(import.meta.url, function split(text: string) { return cut(text); });
export const join = memoize(import.meta.url, function words(parts: string[]) { return parts.join('-'); });
const cut = (text: string) => text.split(' ');
`,
  'norm.js': 'export const norm = (x) => x / 2;\n',
  'weights.json': '{ "factor": 2 }',
};

const NAMES = ['words', 'pairs', 'weight', 'score', 'units', 'last'] as const;
const WHOLE = NAMES.map(String);

let project: Project;
beforeEach(() => {
  project = createProject(files);
});
afterEach(() => project.remove());

async function fingerprints(names: readonly string[] = NAMES): Promise<Record<string, string>> {
  const all = new Fingerprints();
  const of = names.map(
    async (name) => [name, await all.of(project.url('stages.ts'), name)] as const,
  );
  return Object.fromEntries(await Promise.all(of));
}

async function changedBy(file: string, from: string, to: string): Promise<readonly string[]> {
  const before = await fingerprints();
  const text = files[file] as string;
  expect(text).toContain(from);
  project.write({ [file]: text.replace(from, to) });
  const after = await fingerprints();
  return NAMES.filter((name) => before[name] !== after[name]);
}

/** The first are the most different ones. */
const changes: [what: string, of: readonly string[], file: string, from: string, to: string][] = [
  ['a function', ['words', 'pairs'], 'stages.ts', '.slice(0, LIMIT)', '.slice(1, LIMIT)'],
  ['one that only it calls', ['pairs'], 'stages.ts', '+ path.sep', '+ path.delimiter'],
  ['a constant', ['words', 'pairs'], 'stages.ts', 'LIMIT = 10', 'LIMIT = 11'],
  [
    'a text of several lines',
    ['words', 'pairs'],
    'stages.ts',
    'function pairs() {`',
    'function pairs() {;`',
  ],
  [
    'a function that was declared before',
    ['weight'],
    'stages.ts',
    '* text.length',
    '+ text.length',
  ],
  ['JSON', ['weight'], 'weights.json', '2', '3'],
  ['an arrow function', ['score'], 'stages.ts', 'pattern.test(text)', '!pattern.test(text)'],
  ['what an arrow function reads', ['score'], 'stages.ts', '/a+/', '/b+/'],
  ['its options', ['weight'], 'stages.ts', 'max: 5', 'max: 6'],
  ['the default export', ['last'], 'stages.ts', 'return text; }', 'return text + 1; }'],
  [
    'a memoized function of another module',
    ['words', 'pairs'],
    'texts.ts',
    "split(' ')",
    "split('')",
  ],
  ['another of that module', ['pairs'], 'texts.ts', "join('-')", "join('+')"],
  ['what no function calls', [], 'stages.ts', 'return 1;', 'return 2;'],
  ['a comment', [], 'stages.ts', 'const LIMIT', '/* many */ const LIMIT'],
  // Its name might be anything: \`key\` is more than a word or number.
  [
    'a function whose name is not known for sure',
    ['units'],
    'stages.ts',
    'yield norm(1)',
    'yield norm(2)',
  ],
  [
    'an effect when the module is loaded',
    WHOLE,
    'stages.ts',
    'let calls = 0;',
    'let calls = init();\nfunction init() { return 1; }',
  ],
  ['an effect of another module', WHOLE, 'norm.js', 'export', 'globalThis.norm = 1;\nexport'],
];
describe('a change of', () => {
  test.each(variants(changes, 9))('%s', async (_, expected, file, from, to) => {
    const changed = await changedBy(file, from, to);
    // The whole module counts for \`units\`: its options cannot be read.
    expect(changed.filter((name) => name !== 'units')).toEqual(
      expected.filter((name) => name !== 'units'),
    );
    if (expected.length > 0) expect(changed).toContain('units');
  });
});

test('the module as a whole counts for a function that is not found in it', async () => {
  const { words, unknown, '': whole } = await fingerprints(['words', 'unknown', '']);
  expect(unknown).toBe(whole);
  expect(words).not.toBe(whole);
});

test.each([
  ['a name of its own that only running tells', 'function one() {}, { ...options }'],
  ['options that are made elsewhere', 'function one() {}, options'],
  ['a name that is computed', "function one() {}, { name: 'o' + 'ne' + n }"],
  ['a function that is made elsewhere', 'make()'],
])('and for one with %s', async (_, given) => {
  const text = (n: number) => `
import { memoize } from 'threadmemo';
const n = '', options = { name: 'one' }, make = () => function one() {};
export const it = memoize(import.meta.url, ${given});
export const two = memoize(import.meta.url, function two() { return ${n}; });
`;
  project.write({ 'stages.ts': text(1) });
  const [before] = [await fingerprints(['one', 'two'])];
  project.write({ 'stages.ts': text(2) });
  const after = await fingerprints(['one', 'two']);
  expect(after['one']).not.toBe(before?.['one']);
  expect(after['two']).not.toBe(before?.['two']);
});

test.each([
  ['two of the same name', 'memoize(import.meta.url, function one() { return 1; })', 'return 1'],
  ['one that a wrapper memoizes', 'wrap(function one() { return 1; })', 'return 1'],
])('and where there are %s', async (_, other, from) => {
  const text = `
import { memoize } from 'threadmemo';
const wrap = (fn) => memoize(import.meta.url, fn);
export const a = ${other};
export const b = memoize(import.meta.url, function one() {}, { name: 'b' });
export const c = memoize(import.meta.url, function one() {});
`.replace(/export const c.*\n/, other.startsWith('wrap') ? '' : '$&');
  project.write({ 'stages.ts': text });
  const before = await fingerprints(['one']);
  project.write({ 'stages.ts': text.replace(from, 'return 2') });
  expect(await fingerprints(['one'])).not.toEqual(before);
});

test('a text that looks like a definition is none', async () => {
  const text = (n: number) => `
import { memoize } from 'threadmemo';
function one() { return ${n}; }
export const text = \`
var other = memoize(import.meta.url, /* @__PURE__ */ __name(function one() {
}, "one"));
var text = "";\`;
export const other = memoize(import.meta.url, function other() {});
export const it = memoize(import.meta.url, true ? one : other);
`;
  project.write({ 'stages.ts': text(1) });
  const before = await fingerprints(['one']);
  project.write({ 'stages.ts': text(2) });
  expect(await fingerprints(['one'])).not.toEqual(before);
});

test('as CommonJS, the module counts as a whole', async () => {
  const text = `
const { memoize } = require('threadmemo');
exports.one = memoize(__filename, function one() { return 1; });
exports.two = memoize(__filename, function two() { return 2; });
`;
  project.write({ 'stages.cjs': text });
  const of = (name: string) => new Fingerprints().of(project.url('stages.cjs'), name);
  const before = await of('one');
  project.write({ 'stages.cjs': text.replace('return 2', 'return 3') });
  expect(await of('one')).not.toBe(before);
});

test('a comment that calls a call pure is not believed, as Node does not', async () => {
  const text = (n: number) => `
import { memoize } from 'threadmemo';
const state = { n: 0 };
const unused = /* @__PURE__ */ set(${n});
function set(n) { state.n = n; }
export const one = memoize(import.meta.url, function one() { return state.n; });
`;
  project.write({ 'stages.ts': text(1) });
  const before = await fingerprints(['one']);
  project.write({ 'stages.ts': text(2) });
  expect(await fingerprints(['one'])).not.toEqual(before);
});
