/** What bundlers make of an application: it works as docs/guides/bundlers.md says, or says "bundler" and what to do. */

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Project } from '../package/project.ts';
import { createProjectWithTools, SETUP_MS } from './tools.ts';

const page = { html: '<p class="dark">HELLO</p>', inWorker: true };
const rendered = {
  code: 0,
  stdout: `${JSON.stringify({ pages: [page, page], computations: 1 })}\n`,
  stderr: '',
};
const LIMIT = { timeout: 120_000 };

let project: Project;
beforeAll(async () => {
  project = await createProjectWithTools('bundled');
}, SETUP_MS);
afterAll(() => project?.remove());

/** A tool may be a script or a program. @throws {Error} with all that it has printed, when it fails */
async function build(path: string, ...args: string[]): Promise<void> {
  const { code, stdout, stderr } = await project.command(`node_modules/${path}`, ...args);
  if (code !== 0) throw new Error(`${path} ${args.join(' ')}\n${stdout}\n${stderr}`);
}

const esbuild = (...args: string[]) =>
  build('esbuild/bin/esbuild', ...args, '--bundle', '--platform=node', '--log-level=error');
const rollup = (...args: string[]) =>
  build(
    'rollup/dist/bin/rollup',
    ...args,
    '--format',
    'es',
    '--external',
    'threadmemo',
    '--silent',
  );
const webpack = () => build('webpack-cli/bin/cli.js');
const ncc = (...args: string[]) =>
  build('@vercel/ncc/dist/ncc/cli.js', 'build', ...args, '--quiet');
const esm = ['--format=esm', '--external:threadmemo'];

describe('modules that stay files of their own', LIMIT, () => {
  test.each(['', '--minify'])('esbuild --splitting %s', async (minify) => {
    const out = `esbuild${minify}`;
    const more = minify ? [minify] : [];
    await esbuild('main.js', 'render.js', '--splitting', `--outdir=${out}`, ...esm, ...more);
    expect(await project.node(`${out}/main.js`)).toEqual(rendered);
  });

  test('rollup', async () => {
    await rollup('main.js', 'render.js', '--dir', 'rollup');
    expect(await project.node('rollup/main.js')).toEqual(rendered);
  });

  test('vite, for the server', async () => {
    await build('vite/bin/vite.js', 'build', '--logLevel', 'error');
    expect(await project.node('vite/main.js')).toEqual(rendered);
  });
});

describe(
  'everything in one file, which starts the application in the main thread only',
  LIMIT,
  () => {
    test('esbuild', async () => {
      await esbuild('one-file.js', '--outfile=one/esbuild.js', ...esm);
      expect(await project.node('one/esbuild.js')).toEqual(rendered);
    });

    test('rollup', async () => {
      await rollup('one-file.js', '--file', 'one/rollup.js');
      expect(await project.node('one/rollup.js')).toEqual(rendered);
    });

    test('webpack, told to leave import.meta as it is', async () => {
      await webpack();
      expect(await project.node('webpack/main.mjs')).toEqual(rendered);
    });

    test('ncc, with threadmemo outside', async () => {
      await ncc('one-file.js', '--out', 'ncc', '--external', 'threadmemo');
      expect(await project.node('ncc/index.js')).toEqual(rendered);
    });

    test('esbuild, as CommonJS', async () => {
      const quiet = '--log-override:empty-import-meta=silent';
      const common = ['--format=cjs', '--external:threadmemo', quiet];
      await esbuild('common.js', '--outfile=one/common.cjs', ...common);
      expect(await project.node('one/common.cjs')).toMatchObject({ code: 0, stdout: '144\n' });
    });
  },
);

describe('an error says "bundler", and what to do', LIMIT, () => {
  async function fails(file: string, message: RegExp): Promise<void> {
    const { code, stderr } = await project.node(file);
    expect(stderr).toMatch(message);
    expect(stderr).toMatch(/bundle/);
    expect(code).toBe(1);
  }

  test('for threadmemo inside the bundle', async () => {
    await esbuild('main.js', 'render.js', '--splitting', '--outdir=inside', '--format=esm');
    await fails('inside/main.js', /MissingPackageError: .*workers.pool\.js.*'external' in esbuild/);
  });

  test('for threadmemo inside a bundle of CommonJS', async () => {
    const quiet = '--log-override:empty-import-meta=silent';
    await esbuild('common.js', '--outfile=inside/common.cjs', '--format=cjs', quiet);
    await fails('inside/common.cjs', /MissingPackageError: .*'external' in esbuild/);
  });

  test('for threadmemo inside, by ncc', async () => {
    await ncc('one-file.js', '--out', 'inside/ncc');
    await fails('inside/ncc/index.js', /MissingPackageError: .*workers.pool\.js/);
  });

  test('for an application that starts in every thread', async () => {
    await esbuild('main.js', '--outfile=one/starts.js', ...esm);
    await fails('one/starts.js', /LoadError: .*isMainThread/);
  });

  test('for import.meta.url that is empty, in CommonJS', async () => {
    const quiet = '--log-override:empty-import-meta=silent';
    const common = ['--format=cjs', '--external:threadmemo', quiet];
    await esbuild('unnamed.js', '--outfile=one/empty.cjs', ...common);
    await fails('one/empty.cjs', /OptionError: module is undefined.*__filename/);
  });

  test('for a function whose name a minifier has taken', async () => {
    await esbuild('unnamed.js', '--outfile=one/unnamed.js', '--minify', ...esm);
    await fails('one/unnamed.js', /OptionError: name is ''.*minif.*name/);
  });

  test('for two functions of one name that have come into one file', async () => {
    await rollup('twice.js', '--file', 'one/twice.js');
    await fails('one/twice.js', /DuplicateNameError: 'work' .*name/);
  });

  test("for the path of webpack's input, where that is not", async () => {
    const { code, stderr } = await project.command(
      'env',
      'IMPORT_META=baked',
      'node',
      'node_modules/webpack-cli/bin/cli.js',
    );
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    await project.command('mv', 'render.js', 'gone.js');
    await fails('webpack/main.mjs', /LoadError: .*webpack/);
    await project.command('mv', 'gone.js', 'render.js');
  });
});
