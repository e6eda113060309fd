/** Symbolic links that are made to lead elsewhere, while all files stay as they are. */

import { linkSync, lstatSync, readdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import { Fingerprints } from '../../src/code-version/fingerprint.ts';
import { createProject, type Files, installed, type Project } from './project.ts';

const deeper = (version: number): Files => ({
  [`store/v${version}/x.js`]: `import { y } from './y.js';\nexport const x = () => y;\n`,
  [`store/v${version}/y.js`]: `export const y = ${version};\n`,
});

const peers = (peer: number): Files => ({
  [`node_modules/.store/${peer}/peer/package.json`]: installed('peer', `${peer}.0.0`),
});

let project: Project;
let cache: Project;
beforeEach(() => {
  cache = createProject({});
  project = createProject(
    {
      'package.json': '{ "type": "module", "imports": { "#current/*": "./vendor/current/*" } }',
      ...deeper(1),
      ...deeper(2),
      ...peers(1),
      ...peers(2),
      'links/.keep': '',
      'lib/package.json': '{ "exports": "./dist/index.js" }',
      'node_modules/.store/1/node_modules/edge/package.json': installed('edge', '1.0.0', {
        peer: '*',
      }),
      'node_modules/.store/2/node_modules/edge/.keep': '',
      'vendor/.keep': '',
    },
    {
      'vendor/current': '../store/v1',
      'vendor/x.js': '../store/v1/x.js',
      'links/current': '../store/v1',
      'vendor/again': '../links/current',
      'node_modules/linked': '../store/v1',
      'node_modules/lib': '../lib',
      'node_modules/edge': '.store/1/node_modules/edge',
      'node_modules/.store/1/node_modules/peer': '../peer',
      'node_modules/.store/2/node_modules/peer': '../peer',
    },
  );
  // As package managers save space: the same file in two places.
  const [one, two] = [1, 2].map((n) =>
    join(project.folder, `node_modules/.store/${n}/node_modules/edge/package.json`),
  ) as [string, string];
  linkSync(one, two);
});
afterEach(() => {
  project.remove();
  cache.remove();
});

/** As another process would say, so much later that nothing was changed lately. */
function ask(file: string): string | Promise<string> {
  const clock = { ...systemClock, date: () => Date.now() + 60_000 };
  return new Fingerprints({ directory: cache.folder, clock }).of(project.url(file));
}

describe.each(['js', 'ts'])('in %s', (extension) => {
  test.each([
    ['on the way to a file', './vendor/current/x.js', 'vendor/current', '../store/v2'],
    ['to a file', './vendor/x.js', 'vendor/x.js', '../store/v2/x.js'],
    ['that another leads to', './vendor/again/x.js', 'links/current', '../store/v2'],
    ['on the way that #imports lead', '#current/x.js', 'vendor/current', '../store/v2'],
    ['to a package', 'linked/x.js', 'node_modules/linked', '../store/v2'],
    ['to an installed package', 'edge', 'node_modules/edge', '.store/2/node_modules/edge'],
  ])('a link %s is noticed when it leads elsewhere', async (_, specifier, link, target) => {
    const entry = `a.${extension}`;
    project.write({
      [entry]: `import * as all from '${specifier}';\nexport const a = () => all;\n`,
    });
    const before = await ask(entry);
    expect(await ask(entry)).toBe(before);
    project.link({ [link]: target });
    expect(await ask(entry)).not.toBe(before);
  });
});

test('files that two folders share are read with the other files of theirs', async () => {
  project.write({
    'a.js': `export { x } from './vendor/again/x.js';\n`,
    'store/v2/x.js': undefined,
  });
  linkSync(join(project.folder, 'store/v1/x.js'), join(project.folder, 'store/v2/x.js'));
  const before = await ask('a.js');
  project.link({ 'links/current': '../store/v2' });
  expect(await ask('a.js')).not.toBe(before);
});

test('a folder that moves behind a link is looked into', async () => {
  project.write({
    'a.js': `export { b } from './in/deep/b.js';\n`,
    'in/deep/b.js': `export { c as b } from '../../c.js';\n`,
    'c.js': 'export const c = 1;\n',
    'elsewhere/c.js': 'export const c = 2;\n',
  });
  const before = await ask('a.js');
  renameSync(join(project.folder, 'in'), join(project.folder, 'elsewhere/in'));
  project.link({ in: 'elsewhere/in' });
  expect(await ask('a.js')).not.toBe(before);
});

test.each([`import './vendor/current/x.js';`, `require('./vendor/current/x');`])(
  'a link that is newer than the process is refused, a new one not trusted: %s',
  async (text) => {
    project.write({ 'a.js': text });
    const changedAt = (file: string) => lstatSync(join(project.folder, file)).ctimeMs;
    const before = changedAt('a.js');
    // File systems count in steps.
    do project.link({ 'vendor/current': '../store/v2' });
    while (changedAt('vendor/current') < before + 2);
    const between = (before + changedAt('vendor/current')) / 2;
    const directory = cache.folder;
    const of = (startedAt: number, now = between + 2000) =>
      new Fingerprints({ startedAt, directory, clock: { ...systemClock, date: () => now } }).of(
        project.url('a.js'),
      );
    const stamps = () => readdirSync(directory).filter((file) => file.endsWith('.json'));
    await expect(of(between)).rejects.toThrow(/vendor\/current.* was changed after/);
    expect(stamps()).toEqual([]);
    const remembered = await ask('a.js');
    expect(stamps()).toHaveLength(1);
    expect(await of(Date.now() + 1)).toBe(remembered);
    await expect(of(between)).rejects.toThrow(/was changed after/);
  },
);

test('a linked package that is built later is noticed', async () => {
  project.write({ 'a.js': `export const a = () => import('lib');\n` });
  const before = await ask('a.js');
  expect(await ask('a.js')).toBe(before);
  project.write({ 'lib/dist/index.js': 'export const built = 1;\n' });
  expect(await ask('a.js')).not.toBe(before);
});
