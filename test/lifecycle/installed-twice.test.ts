/** A package is installed twice in one version, as npm nests and pnpm splits by peers. */

import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { moduleId, withDrive } from '../../src/code-version/module-id.ts';
import { inFull } from '../effort.ts';
import { removeFolder } from '../remove-folder.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'threadmemo-twice-'));
  await put('package.json', '{"name":"app","type":"module"}');
  await mkdir(join(folder, 'node_modules'));
  await symlink(root, join(folder, 'node_modules/threadmemo'));
});
afterEach(() => removeFolder(folder));

async function put(name: string, content: string): Promise<void> {
  await mkdir(dirname(join(folder, name)), { recursive: true });
  await writeFile(join(folder, name), content);
}

/** @param what the copy adds to its argument; two that add the same are alike */
function library(what: number): string {
  return `
    import { memoize } from 'threadmemo';
    export const add = memoize(import.meta.url, function add(x) { return x + ${what}; });
    export const nested = memoize(import.meta.url, async function nested(x) { return add(x); });
  `;
}

async function install(place: string, what: number, manifest = '"version":"1.0.0"'): Promise<void> {
  await put(`${place}/package.json`, `{"name":"lib","type":"module","main":"lib.js",${manifest}}`);
  await put(`${place}/lib.js`, library(what));
}

/** Runs a program, and reads what it prints as JSON. */
async function run(program: string): Promise<unknown> {
  await put('main.js', program);
  const child = spawn(process.execPath, ['main.js'], { cwd: folder });
  const [out, err] = await Promise.all([text(child.stdout), text(child.stderr)]);
  if (err !== '') throw new Error(err);
  return JSON.parse(out);
}

/** Imports the copies in this order, and calls each on the main thread and inside a thread. */
const both = (first: string, second: string) => `
  import { createPool } from 'threadmemo';
  import * as a from './${first}/lib.js';
  import * as b from './${second}/lib.js';
  const pool = await createPool({ threads: 2 });
  const calls = [() => a.add(1), () => b.add(1), () => a.nested(1), () => b.nested(1)];
  const all = await Promise.all(calls.map((call) => call()));
  const ids = [a.add.id, b.add.id];
  const { computations, errors } = pool.stats();
  await pool.close();
  console.log(JSON.stringify({ all, ids, computations, errors }));
`;

const npm = ['node_modules/lib', 'node_modules/other/node_modules/lib'] as const;
const pnpm = [1, 2].map((peer) => `node_modules/.pnpm/lib@1.0.0_peer@${peer}/node_modules/lib`);
const workspaces = ['a/node_modules/lib', 'b/node_modules/lib'] as const;

describe.runIf(inFull).each([
  ['npm', npm],
  ['pnpm', pnpm],
  ['workspaces', workspaces],
])('%s', (_, [one = '', two = '']) => {
  test.each([
    ['helpers', 'helper.js', 'export const what = 10;', 'export const what = 20;'],
    ['peers', 'node_modules/peer/package.json', '{"version":"10.0.0"}', '{"version":"20.0.0"}'],
  ])('copies with different %s are two functions', async (_, file, ten, twenty) => {
    for (const [place, content] of [
      [one, ten],
      [two, twenty],
    ] as const) {
      await install(place, 0);
      await put(`${place}/node_modules/peer/package.json`, '{"version":"1.0.0"}');
      await put(`${place}/node_modules/peer/index.js`, 'exports.what = 10;');
      await put(`${place}/helper.js`, `export const what = 10; import 'peer';`);
      await put(`${place}/${file}`, content);
      const own = library(0).replaceAll('x + 0', 'x + what');
      await put(`${place}/lib.js`, `import { what } from './helper.js';\nimport 'peer'; ${own}`);
    }
    const { all, ids } = (await run(both(one, two))) as Record<string, readonly number[]>;
    const second = file === 'helper.js' ? 21 : 11;
    expect(all).toEqual([11, second, 11, second]);
    expect(new Set(ids).size).toBe(2);
  });

  test('copies that are alike are one function', async () => {
    await install(one, 10);
    await install(two, 10);
    const { all, ids, computations } = (await run(both(one, two))) as Record<string, never>;
    expect(all).toEqual([11, 11, 11, 11]);
    expect(new Set(ids).size).toBe(1);
    expect(computations).toBe(2);
  });

  test('copies that differ are told apart, whichever is loaded first', async () => {
    await install(one, 10);
    await install(two, 20);
    const found = (await run(both(one, two))) as { all: number[]; ids: string[] };
    const turned = (await run(both(two, one))) as { all: number[]; ids: string[] };
    expect(found.all).toEqual([11, 21, 11, 21]);
    expect(turned.all).toEqual([21, 11, 21, 11]);
    expect(found.ids).toEqual(turned.ids.reverse());
    expect(new Set(found.ids).size).toBe(2);
  });
});

test('an installed module is called alike on every machine, and an own one as ever', async () => {
  await install('node_modules/lib', 10);
  await install('elsewhere/deep/node_modules/lib', 10);
  await put('src/own.js', '');
  const id = (name: string) => moduleId(`file://${join(folder, name)}`);
  expect(id('node_modules/lib/lib.js')).toMatch(/^lib@1\.0\.0\/lib\.js~[0-9a-f]{10}$/);
  expect(id('elsewhere/deep/node_modules/lib/lib.js')).toBe(id('node_modules/lib/lib.js'));
  expect(id('src/own.js')).toBe('app/src/own.js');
});

test.runIf(inFull)(
  'two packages of one name that are not installed are one function only if alike',
  async () => {
    await install('one/lib', 10);
    await install('two/lib', 10);
    expect(await run(both('one/lib', 'two/lib'))).toMatchObject({ all: [11, 11, 11, 11] });
    await install('two/lib', 20);
    await expect(run(both('one/lib', 'two/lib'))).rejects.toThrow(
      /DuplicateNameError: lib\/lib\.js#add is memoized in two different files.*one.*two/,
    );
  },
);

test('a package.json with a byte order mark, of the application and of a dependency', async () => {
  await put('package.json', '\uFEFF{"name":"marked","type":"module"}');
  await put('src/own.js', '');
  await install('node_modules/lib', 10);
  await put('node_modules/lib/package.json', '\uFEFF{"name":"lib","version":"2.0.0"}');
  const id = (name: string) => moduleId(`file://${join(folder, name)}`);
  expect(id('src/own.js')).toBe('marked/src/own.js');
  expect(id('node_modules/lib/lib.js')).toMatch(/^lib@2\.0\.0\/lib\.js~/);
});

test('a package.json that is no JSON is named in the error', async () => {
  await put('src/package.json', '{"name": oops');
  await put('src/own.js', '');
  expect(() => moduleId(`file://${join(folder, 'src/own.js')}`)).toThrow(
    /src\/package\.json is no valid JSON: /,
  );
});

test('a drive of Windows is the same in capitals', () => {
  expect(withDrive('c:\\app\\x.js')).toBe('C:\\app\\x.js');
  expect(withDrive('C:\\app\\x.js')).toBe('C:\\app\\x.js');
  expect(withDrive('c:/app/x.js')).toBe('C:/app/x.js');
  expect(withDrive('/c:/app')).toBe('/c:/app');
});
