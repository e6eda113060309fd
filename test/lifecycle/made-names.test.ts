/** A bundler's name is another function's in the next release, and a cache that lasts mixes them up. */

import { mkdir, mkdtemp, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { createPool, memoize, OptionError } from 'threadmemo';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { mapTier } from '../../src/tiers/map-tier.ts';
import { increment } from '../fixtures/quick.ts';
import { removeFolder } from '../remove-folder.ts';
import { rejection } from '../threads/open.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const version = '1';
let modules = 0;
const freshModule = () => `file:///made-names/module-${++modules}.js`;

describe('with a version, at the definition', () => {
  test.each(['s', 'fn', '$', '_', 'e1', '_0x3fa2b'])('%s', (name) => {
    const inferred = { [name]: (x: number) => x }[name] as (x: number) => number;
    const define = (options: object) => memoize(freshModule(), inferred, options);
    expect(() => define({ version })).toThrow(OptionError);
    expect(() => define({ version })).toThrow(/name is .*bundler.*version '1'.*name: '\.\.\.'/);
    expect(define({ version, name }).id).toContain(`#${name}@1`);
    expect(define({ version, name: `${name}-of-shop` }).id).toContain(`#${name}-of-shop@1`);
    expect(define({}).id).toContain(`#${name}`);
  });

  test('a number behind the name of another one, whichever comes first', () => {
    const functions = { work: () => 1, work2: () => 2, work$1: () => 3, work3d: () => 4 };
    const { work, work2, work$1, work3d } = functions;
    for (const numbered of [work2, work$1]) {
      const first = freshModule();
      memoize(first, work);
      expect(() => memoize(first, numbered, { version })).toThrow(/name is 'work.*bundler/);
      const last = freshModule();
      memoize(last, numbered, { version });
      expect(() => memoize(last, work)).toThrow(/name is 'work.+', inferred/);
    }
    const innocent = freshModule();
    memoize(innocent, work, { version });
    memoize(innocent, work3d, { version });
    memoize(innocent, work2, { version, name: 'work2' });
    memoize(freshModule(), work2, { version });
  });
});

describe('with a tier that outlives the process, at the call', () => {
  const open = async (persistent: boolean) => {
    const tier = Object.assign(mapTier(), { persistent });
    const pool = await createPool({ threads: 1, tiers: [tier] });
    onTestFinished(() => pool.close());
  };
  const s = (x: number) => x;

  test('is refused, and has asked no tier', async () => {
    await open(true);
    const error = await rejection(memoize(freshModule(), s)(1));
    expect(error).toBeInstanceOf(OptionError);
    expect(error.message).toMatch(/name is 's'.*bundler.*the tier '/);
    expect(await increment(3)).toBe(4);
  });

  test('a function is refused when a later one shows that its name was made', async () => {
    await open(true);
    const url = freshModule();
    const early = memoize(url, { work2: (x: number) => x }.work2);
    memoize(url, { work: () => 1 }.work);
    expect((await rejection(early(1))).message).toContain("name is 'work2'");
  });

  test('memory alone does not outlive it', async () => {
    await open(false);
    const error = await rejection(memoize(freshModule(), s)(1));
    expect(error.name).toBe('LoadError');
  });
});

describe('a real bundle', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'threadmemo-bundle-'));
    await mkdir(join(folder, 'node_modules'));
    await symlink(root, join(folder, 'node_modules/threadmemo'));
    await writeFile(join(folder, 'package.json'), '{"name":"app","type":"module"}');
  });
  afterAll(() => removeFolder(folder));

  const source = (options: string) => `
    import { memoize } from 'threadmemo';
    function work(x) { return x + 1; }
    export const f = memoize(import.meta.url, work, ${options});
  `;

  async function bundled(name: string, minify: boolean, options: string): Promise<unknown> {
    for (const part of ['a', 'b']) await writeFile(join(folder, `${part}.js`), source(options));
    await writeFile(
      join(folder, 'main.js'),
      "import { f as a } from './a.js'; import { f as b } from './b.js'; export default [a.id, b.id];",
    );
    const outfile = join(folder, `${name}.js`);
    await build({
      ...{ entryPoints: [join(folder, 'main.js')], outfile, minify, bundle: true, format: 'esm' },
      ...{ platform: 'node', external: ['threadmemo'] },
    });
    const loaded = (await import(/* @vite-ignore */ pathToFileURL(outfile).href)) as {
      default: unknown;
    };
    return loaded.default;
  }

  test('is refused, minified or not', async () => {
    const told = /inferred from a function.*bundler/;
    await expect(bundled('minified', true, "{ version: '1' }")).rejects.toThrow(told);
    await expect(bundled('plain', false, "{ version: '1' }")).rejects.toThrow(told);
  });

  test('is accepted where functions have names of their own', async () => {
    const options =
      "{ version: '1', name: 'work in ' + (globalThis.part = (globalThis.part ?? 0) + 1) }";
    expect(await bundled('named', true, options)).toEqual([
      'app/named.js#work in 1@1',
      'app/named.js#work in 2@1',
    ]);
  });
});
