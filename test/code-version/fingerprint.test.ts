/** Which changes of a program change the fingerprint of a module in it. */

import { cpSync, mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { Fingerprints } from '../../src/code-version/fingerprint.ts';
import { FingerprintError } from '../../src/errors.ts';
import { variants } from '../effort.ts';
import { type Edit, edits, ofDevelopment, ofTypes } from './edits.ts';
import {
  createProject,
  type Files,
  installed,
  javascript,
  links,
  type Project,
  typescript,
} from './project.ts';

const projects: Project[] = [];
afterEach(() => {
  for (const project of projects.splice(0)) project.remove();
});

function create(files: Files, made = {}): Project {
  const project = createProject(
    Object.fromEntries(Object.entries(files).filter(([, text]) => text !== undefined)),
    made,
  );
  projects.push(project);
  return project;
}

/** As another process would say. */
const fingerprint = (project: Project, file: string, conditions: readonly string[] = []) =>
  new Fingerprints({ conditions }).of(project.url(file));

const languages = [
  ['TypeScript', 'ts', typescript, [...edits('ts'), ...ofTypes]],
  ['JavaScript', 'js', javascript, edits('js')],
] as const;
describe.each(variants<(typeof languages)[number]>(languages, 1))('%s', (_, ext, files, table) => {
  const entry = `render.${ext}`;

  const check = async ([, expected, file, from, to]: Edit, conditions: readonly string[]) => {
    const project = create(files, links);
    const before = await fingerprint(project, entry, conditions);
    expect(before).toMatch(/^[0-9a-f]{32}$/);
    const text = files[file] as string;
    project.write({ [file]: text.replaceAll(from, to) });
    expect(text.replaceAll(from, to)).not.toBe(text);
    const after = await fingerprint(project, entry, conditions);
    expect(after === before ? 'hit' : 'miss').toBe(expected);
    project.write({ [file]: text });
    expect(await fingerprint(project, entry, conditions)).toBe(before);
  };

  test.each(variants(table, 8))('a change of %s is a %s', (...edit) => check(edit, []));

  test.each(ofDevelopment)('on a condition, a change of %s is a %s', (...edit) =>
    check(edit, ['dev']),
  );

  test('the same program in another folder is the same', async () => {
    const project = create(files, links);
    const other = create({ 'package.json': '{}' });
    const deeper = join(other.folder, 'in/some/folder');
    mkdirSync(deeper, { recursive: true });
    cpSync(project.folder, deeper, { recursive: true, verbatimSymlinks: true });
    expect(await fingerprint(other, `in/some/folder/${entry}`)).toBe(
      await fingerprint(project, entry),
    );
  });

  test('a file that moves is the same', async () => {
    const project = create(files, links);
    const before = await fingerprint(project, entry);
    const text = (files[entry] as string).replace('./words.js', './zz/all-words.js');
    const words = (files[`words.${ext}`] as string).replace('./split.js', '../split.js');
    project.write({
      [entry]: text,
      [`zz/all-words.${ext}`]: words,
      'border.js': files['border.js']?.replace('./words.js', './zz/all-words.js'),
      [`words.${ext}`]: undefined,
    });
    expect(await fingerprint(project, entry)).toBe(before);
  });
});

test('modules that import each other', async () => {
  const circle = (value: number) => ({
    'a.js': `import { b } from './b.js';\nexport const a = () => b;\n`,
    'b.js': `import { a } from './a.js';\nexport const b = () => [a, ${value}];\n`,
  });
  const project = create(circle(1));
  const before = await fingerprint(project, 'a.js');
  project.write(circle(2));
  expect(await fingerprint(project, 'a.js')).not.toBe(before);
});

test('where Node looks first decides which version it is', async () => {
  const project = create({
    'node_modules/edge/package.json': installed('edge', '1.0.0'),
    'in/a.js': `import 'edge/deep/file.js';\n`,
  });
  const before = await fingerprint(project, 'in/a.js');
  project.write({ 'in/node_modules/edge/package.json': installed('edge', '2.0.0') });
  expect(await fingerprint(project, 'in/a.js')).not.toBe(before);
});

test('a package without package.json is code', async () => {
  const project = create({
    'node_modules/edge/package.json': installed('edge', '1.0.0'),
    'in/node_modules/edge/index.js': 'init(1);',
    'in/a.js': `import 'edge';\n`,
  });
  const before = await fingerprint(project, 'in/a.js');
  project.write({ 'in/node_modules/edge/index.js': 'init(2);' });
  expect(await fingerprint(project, 'in/a.js')).not.toBe(before);
});

test('a package that is a link to its sources is code, and not a version', async () => {
  const project = create({
    'lib/package.json': installed('@me/lib', '1.0.0'),
    'lib/index.js': 'exports.x = 1;',
    'app/a.js': `import { x } from '@me/lib';\nexport const a = () => x;\n`,
    'app/node_modules/.keep': '',
  });
  mkdirSync(join(project.folder, 'app/node_modules/@me'));
  symlinkSync(join(project.folder, 'lib'), join(project.folder, 'app/node_modules/@me/lib'));
  const before = await fingerprint(project, 'app/a.js');
  project.write({ 'lib/package.json': installed('@me/lib', '1.0.1') });
  expect(await fingerprint(project, 'app/a.js')).toBe(before);
  project.write({ 'lib/index.js': 'exports.x = 2;' });
  expect(await fingerprint(project, 'app/a.js')).not.toBe(before);
});

test.each([
  ['import()', `export const a = () => import(/* webpackChunkName: "x" */ './b.js');`],
  ['a call', `export const a = /* @__PURE__ */ String(1);`],
  ['a property', `/* @type {1} */ export const a = { /** the a */ a: 1 /* one */ };`],
  ['a file', `//! legal\n/* @preserve */ export const a = 1; // end`],
])('comments in %s are of no account', async (_, text) => {
  const project = create({ 'a.js': text, 'b.js': '' });
  const before = await fingerprint(project, 'a.js');
  const without = text.replaceAll(/\/\*.*?\*\/|\/\/.*/g, '');
  expect(without).not.toBe(text);
  project.write({ 'a.js': without });
  expect(await fingerprint(project, 'a.js')).toBe(before);
});

test('what is loaded for its effects counts, whatever package.json says of them', async () => {
  const project = create({
    'package.json': '{ "type": "module", "sideEffects": false }',
    'a.js': `import { b } from './b.js';\nexport const a = 1;`,
    'b.js': `export const b = /* @__PURE__ */ globalThis.init(1);`,
  });
  const before = await fingerprint(project, 'a.js');
  project.write({ 'b.js': `export const b = /* @__PURE__ */ globalThis.init(2);` });
  expect(await fingerprint(project, 'a.js')).not.toBe(before);
});

test.each([
  ['imports of package.json', '#b', 'package.json', '{ "imports": { "#b": "./b.ts" } }'],
  [
    'the own name of the package',
    'app/b',
    'package.json',
    '{ "name": "app", "exports": { "./b": "./b.ts" } }',
  ],
  [
    'paths of tsconfig.json',
    '@/b',
    'tsconfig.json',
    '{ "compilerOptions": { "paths": { "@/*": ["./*"] } } }',
  ],
])('%s lead to code', async (_, specifier, file, settings) => {
  const project = create({
    'a.ts': `import { b } from '${specifier}';\nexport const a = () => b;`,
    'b.ts': 'export const b = 1;',
    [file]: settings,
  });
  const before = await fingerprint(project, 'a.ts');
  project.write({ 'b.ts': 'export const b = 2;' });
  expect(await fingerprint(project, 'a.ts')).not.toBe(before);
});

test.each([
  ...['js', 'ts'].flatMap((ext) => [
    ['what a linked package has, which Node loads', ext, 'linked/node.js'],
    ['what tsconfig.json has in its place, for tsx', ext, 'mine/linked.ts'],
    ['what it has in the place of an installed one', ext, 'mine/sharpen.ts'],
  ]),
  ['what it has for no other name', 'js', 'mine/odd.js'],
  ['TypeScript beside that', 'ts', 'mine/odd.ts'],
] as [string, string, string][])('%s counts (%s)', async (_, ext, file) => {
  const paths = {
    linked: ['./mine/linked.ts'],
    sharpen: ['./mine/sharpen.ts'],
    '@/*': ['./mine/*'],
  };
  const project = create(
    {
      ...javascript,
      'tsconfig.json': JSON.stringify({ compilerOptions: { paths } }),
      [`a.${ext}`]: file.includes('odd')
        ? `import '@/odd.js';`
        : `import 'linked'; import 'sharpen';`,
      'linked/node.js': 'init();',
      'mine/linked.ts': 'init();',
      'mine/sharpen.ts': 'init();',
      'mine/odd.js': 'init();',
      'mine/odd.ts': 'init();',
    },
    links,
  );
  const before = await fingerprint(project, `a.${ext}`);
  project.write({ [file]: 'init(1);' });
  expect(await fingerprint(project, `a.${ext}`)).not.toBe(before);
});

test('a package that is not installed is no failure, and its arrival is a change', async () => {
  const project = create({
    'a.js': `export const a = () => import('edge').catch(() => 0);\nexport const b = () => import('edge');`,
  });
  const before = await fingerprint(project, 'a.js');
  project.write({ 'node_modules/edge/package.json': installed('edge', '1.0.0') });
  expect(await fingerprint(project, 'a.js')).not.toBe(before);
});

test.each([
  ['cannot be parsed', { 'b.js': 'export const b = ;' }, 'b.js:1: '],
  ['is not there', {}, 'a.js:1: '],
])('an import that %s is an error that names the place', async (_, files, place) => {
  const project = create({ 'a.js': `import './b.js';`, ...files });
  const failure = fingerprint(project, 'a.js');
  await expect(failure).rejects.toThrow(FingerprintError);
  await expect(failure).rejects.toThrow(join(project.folder, place));
});
