/** Fingerprints that are remembered: when esbuild is asked again, and when not. */

import {
  existsSync,
  readdirSync,
  readFileSync,
  realpathSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import { bundle } from '../../src/code-version/bundle.ts';
import { activeConditions } from '../../src/code-version/conditions.ts';
import { Fingerprints } from '../../src/code-version/fingerprint.ts';
import { createProject, installed, javascript, links, type Project } from './project.ts';

let project: Project;
let cache: Project;
let bundled = 0;
beforeEach(() => {
  project = createProject(javascript, links);
  cache = createProject({});
  bundled = 0;
});
afterEach(() => {
  project.remove();
  cache.remove();
});

/** A process of its own, so much later that nothing was changed lately. */
function ask(later = 60_000, conditions = activeConditions()): string | Promise<string> {
  const fingerprints = new Fingerprints({
    directory: cache.folder,
    conditions,
    clock: { ...systemClock, date: () => Date.now() + later },
    bundler: (...args) => {
      bundled++;
      return bundle(...args);
    },
  });
  return fingerprints.of(project.url('render.js'));
}

const remembered = () =>
  readdirSync(cache.folder)
    .filter((file) => file.endsWith('.json'))
    .map((file) => join(cache.folder, file));

test('it is computed once a process', async () => {
  const fingerprints = new Fingerprints({
    bundler: (...args) => {
      bundled++;
      return bundle(...args);
    },
  });
  const url = project.url('render.js');
  const [one, two] = await Promise.all([fingerprints.of(url), fingerprints.of(`${url}?again`)]);
  expect(one).toBe(two);
  expect(bundled).toBe(1);
});

test('nothing is bundled while all files are as they were', async () => {
  const first = await ask();
  // And then it is known at once.
  expect(ask()).toBe(first);
  expect(bundled).toBe(1);
});

test.each([
  ['a helper of a helper', { 'split.js': 'export const split = (text) => [text];' }],
  ['JSON', { 'theme.json': '{ "color": "blue" }' }],
  ['a package', { 'node_modules/edge/package.json': installed('edge', '4.0.0') }],
  [
    'a package that is found before another',
    { 'node_modules/sharpen/node_modules/edge/package.json': installed('edge', '4.0.0') },
  ],
])('a change of %s is noticed', async (_, files) => {
  const first = await ask();
  project.write(files);
  expect(await ask()).not.toBe(first);
  expect(bundled).toBe(2);
});

test('each set of conditions is remembered by itself', async () => {
  const [first, other] = [await ask(), await ask(60_000, ['dev'])];
  expect(other).not.toBe(first);
  expect([await ask(), await ask(60_000, ['dev'])]).toEqual([first, other]);
  expect(bundled).toBe(2);
});

test.each([
  ['a file beside those that are imported', { 'split.ts': '' }],
  ['how TypeScript is read', { 'tsconfig.json': '{}' }],
])('%s: is looked into', async (_, files) => {
  const first = await ask();
  project.write(files);
  expect(await ask()).toBe(first);
  expect(bundled).toBe(2);
});

test('a change that keeps the size and the date is noticed', async () => {
  const file = join(project.folder, 'split.js');
  const date = new Date(1_700_000_000_000);
  utimesSync(file, date, date);
  const first = await ask();
  writeFileSync(file, readFileSync(file, 'utf8').replace("' '", "'-'"));
  utimesSync(file, date, date);
  expect(await ask()).not.toBe(first);
});

test('what was changed after the start is refused, remembered or not', async () => {
  await ask();
  const directory = cache.folder;
  const url = project.url('render.js');
  const of = (startedAt: number) => new Fingerprints({ directory, startedAt }).of(url);
  await expect(of(Date.now() - 60_000)).rejects.toThrow(/was changed after/);
  expect(await of(Date.now() + 60_000)).toBe(await ask());
  expect(bundled).toBe(1);
});

test('what was changed just now is not trusted to stay', async () => {
  await ask(0);
  expect(remembered()).toEqual([]);
});

test.each([
  ['nothing', () => ''],
  ['half of it', (text: string) => text.slice(0, text.length / 2)],
  ['other bytes', (text: string) => text.replace(/"fingerprints":{"":"./, '"fingerprints":{"":"x')],
  ['no checksum', (text: string) => text.slice(text.indexOf('\n') + 1)],
])('a memory that has %s is computed again, and mended', async (_, damage) => {
  const first = await ask();
  const [file] = remembered() as [string];
  const text = readFileSync(file, 'utf8');
  expect(damage(text)).not.toBe(text);
  writeFileSync(file, damage(text));
  expect(await ask()).toBe(first);
  expect(bundled).toBe(2);
  expect(readFileSync(file, 'utf8')).toBe(text);
});

test('several at once, and each is whole', async () => {
  const all = await Promise.all(Array.from({ length: 8 }, () => ask()));
  expect(new Set(all).size).toBe(1);
  expect(remembered()).toHaveLength(1);
  bundled = 0;
  expect(await ask()).toBe(all[0]);
  expect(bundled).toBe(0);
});

test('where nothing can be written, it is computed each time', async () => {
  const directory = join(cache.folder, 'file/below');
  cache.write({ file: '' });
  const clock = { ...systemClock, date: () => Date.now() + 60_000 };
  const fingerprints = new Fingerprints({ directory, clock });
  expect(await fingerprints.of(project.url('render.js'))).toBe(await ask());
  expect(existsSync(directory)).toBe(false);
});

test('its memory does not depend on the working directory', async () => {
  const first = await ask();
  const before = process.cwd;
  process.cwd = () => realpathSync('/');
  try {
    expect(await ask()).toBe(first);
  } finally {
    process.cwd = before;
  }
});
