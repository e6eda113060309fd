/** What a user installs, used the ways users do. Each program is a process of its own, and must end by itself. */

import { readdir, readFile, stat } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ABORTED, createProject, type Project } from './project.ts';

/** Bytes; raise it only for what is worth a download. */
const largest = 1_000_000;

const page = { html: '<p class="dark" title="DARK, DARK">HELLO</p>', inWorker: true };
const rendered = {
  code: 0,
  stdout: [
    { pages: [page, page], computations: 2 },
    { failure: 'TimeoutError', threadsLost: 0 },
  ]
    .map((line) => `${JSON.stringify(line)}\n`)
    .join(''),
  stderr: '',
};

let project: Project;
beforeAll(async () => {
  project = await createProject();
}, 120_000);
afterAll(() => project?.remove());

describe('the tarball', () => {
  test('holds the build, the documents for users, and nothing else', async () => {
    const files = await filesIn(project.installed);
    const documents = ['CHANGELOG.md', 'LICENSE', 'README.md', 'package.json'];
    const built = /^dist\/(src\/.+|workers\/pool)\.(js|d\.ts)$/;
    expect(files.filter((file) => !built.test(file)).sort()).toEqual(documents);
    expect(files).toContain('dist/src/index.d.ts');
    expect(files).toContain('dist/workers/pool.js');
    // Nobody imports the command.
    expect(files.filter((file) => /^dist\/src\/cli\/.*\.d\.ts$/.test(file))).toEqual([]);
  });

  test('was built anew: nothing of an old build is in it', async () => {
    expect(await filesIn(project.installed)).not.toContain('dist/src/left-from-an-old-build.js');
  });

  test(`is smaller than ${largest} bytes, unpacked`, async () => {
    const files = await filesIn(project.installed);
    const sizes = files.map(async (file) => (await stat(join(project.installed, file))).size);
    const size = (await Promise.all(sizes)).reduce((sum, each) => sum + each, 0);
    console.log(`the package: ${files.length} files, ${size} bytes unpacked`);
    expect(size).toBeLessThan(largest);
  });
});

describe('computes once, in a worker thread, and lets the process end', { timeout: 90_000 }, () => {
  test('plain JavaScript', async () => {
    expect(await project.node('main.js')).toEqual(rendered);
  });

  test('TypeScript under tsx', async () => {
    expect(await project.node('--import', 'tsx', 'main.ts')).toEqual(rendered);
  });

  const strips = (process.features as { typescript?: string | false }).typescript;
  if (!strips) console.warn(`SKIPPED: type stripping, which Node ${process.version} does not have`);
  test.skipIf(!strips)('TypeScript that Node strips the types of itself', async () => {
    expect(await project.node('main.ts')).toEqual(rendered);
  });

  test.each([
    { module: 'NodeNext', moduleResolution: 'NodeNext' },
    { module: 'ESNext', moduleResolution: 'Bundler' },
  ])('TypeScript that tsc compiles, with $moduleResolution resolution', async (options) => {
    const outDir = `built-${options.moduleResolution}`;
    expect(await compile('main.ts', { ...options, outDir })).toEqual(compiled);
    expect(await project.node(`${outDir}/main.js`)).toEqual(rendered);
  });
});

describe('in a script of one file', { timeout: 90_000 }, () => {
  test('a call that every thread would repeat ends in an error that names the file', async () => {
    const { code, stdout, stderr } = await project.node('script.js');
    // Node 20 aborts now and then when a process ends while one of its threads loads its first modules.
    expect([1, ABORTED]).toContain(code);
    expect(stdout).toBe('');
    expect(stderr).toMatch(
      /LoadError: .*script\.js called .* while a worker thread was loading it/,
    );
  });

  test('a call of the main thread only is answered', async () => {
    expect(await project.node('guarded-script.js')).toEqual({
      code: 0,
      stdout: '144\n',
      stderr: '',
    });
  });
});

const known = {
  threadmemo: 'memoize',
  'threadmemo/disk': 'diskTier',
  'threadmemo/redis': 'redisTier',
  'threadmemo/keyv': 'keyvTier',
  'threadmemo/memcached': 'memcachedTier',
  'threadmemo/tier-suite': 'tierCases',
};
test.each(Object.entries(known))(
  'every exported value of %s has a type',
  {
    timeout: 90_000,
  },
  async (entry, name) => {
    const list = `console.log(Object.keys(await import("${entry}")).join())`;
    const { stdout } = await project.node('--input-type=module', '--eval', list);
    const names = stdout.trim().split(',');
    expect(names).toContain(name);
    await project.write('names.ts', typeOfEach(entry, names));
    expect(await compile('names.ts', { module: 'NodeNext', noEmit: true })).toEqual(compiled);
  },
);

test('only the parts that are used are loaded', { timeout: 90_000 }, async () => {
  const { stdout } = await project.node('print-loaded.js');
  const loaded: { main: string[]; worker: string[] } = JSON.parse(stdout);
  expect(loaded.main).toContainEqual(expect.stringMatching(/piscina.dist.index\.js$/));
  const all = [...loaded.main, ...loaded.worker];
  expect(
    all.filter((file) => /lmdb|node_modules.*redis|keyv|commander|dist.src.cli/.test(file)),
  ).toEqual([]);

  const ofPiscina = loaded.worker.filter((file) => /piscina.dist/.test(file));
  expect(ofPiscina).toContainEqual(expect.stringMatching(/worker\.js$/));
  expect(ofPiscina).not.toContainEqual(expect.stringMatching(/index\.js$/));
});

test('the suite of tiers runs in another test runner', { timeout: 90_000 }, async () => {
  const { code, stdout } = await project.node('--test', '--test-reporter=tap', 'tier-suite.js');
  expect(stdout).toMatch(/^# fail 0$/m);
  expect(stdout).toMatch(/^# pass [1-9]/m);
  expect(stdout).toMatch(/^# skipped [1-9]/m);
  expect(code).toBe(0);
});

test('the command runs from node_modules/.bin', { timeout: 90_000 }, async () => {
  const { bin } = JSON.parse(await readFile(join(project.installed, 'package.json'), 'utf8'));
  const command = join(project.installed, bin);
  expect((await readFile(command, 'utf8')).split('\n')[0]).toBe('#!/usr/bin/env node');
  await project.write('squares.js', 'export const square = (x) => x * x;');
  await project.write('numbers.ndjson', '2\n3\n');
  const map = await project.node(command, 'map', './squares.js#square', 'numbers.ndjson');
  expect(map).toMatchObject({ code: 0, stdout: '4\n9\n' });
  const cached = await project.node(command, 'map', './squares.js#square', '--cache', 'c');
  expect(cached).toMatchObject({ code: 2, stderr: expect.stringContaining('npm install lmdb') });
});

describe('threadmemo/disk', { timeout: 90_000 }, () => {
  test('without lmdb says how to install it', async () => {
    const { stdout } = await project.node('disk.js', 'cache');
    expect(JSON.parse(stdout)).toMatchObject({
      name: 'MissingPackageError',
      code: 'ERR_THREADMEMO_MISSING_PACKAGE',
      message: expect.stringContaining('npm install lmdb'),
    });
  });

  test('loads lmdb where the pool is, and in no worker thread', async () => {
    await project.install('lmdb');
    const { stdout } = await project.node('disk.js', 'cache');
    const loaded: { main: string[]; worker: string[] } = JSON.parse(stdout);
    expect(loaded.main).toContainEqual(expect.stringMatching(/lmdb.dist.index\.cjs$/));
    expect(loaded.worker.filter((file) => /lmdb.*js$/.test(file))).toEqual([]);
  });

  test('without esbuild keeps what has a version only, and says so once', async () => {
    const { code, stderr } = await project.node('disk.js', 'cache');
    expect(code).toBe(0);
    expect(stderr.match(/ThreadmemoWarning: .*npm install esbuild/g)).toHaveLength(1);
  });

  test('with esbuild keeps the rest, and loads it in no worker thread', async () => {
    await project.install('esbuild');
    const { stdout, stderr } = await project.node('disk.js', 'cache');
    const loaded: { main: string[]; worker: string[] } = JSON.parse(stdout);
    expect(stderr).toBe('');
    expect(loaded.main).toContainEqual(expect.stringMatching(/esbuild.lib.main\.js$/));
    expect(loaded.worker.filter((file) => /esbuild/.test(file))).toEqual([]);
  });
});

describe('threadmemo/redis', { timeout: 90_000 }, () => {
  test('without redis says how to install it', async () => {
    const { stdout } = await project.node('redis.js');
    expect(JSON.parse(stdout)).toMatchObject({
      name: 'MissingPackageError',
      code: 'ERR_THREADMEMO_MISSING_PACKAGE',
      message: expect.stringContaining('npm install redis'),
    });
  });

  test('loads redis where the pool is, and in no worker thread; without a server, calls go on', async () => {
    await project.install('redis');
    const { stdout, stderr } = await project.node('redis.js');
    const loaded: { main: string[]; worker: string[] } = JSON.parse(stdout);
    expect(loaded.main).toContainEqual(expect.stringMatching(/redis.dist.index\.js$/));
    expect(loaded.worker.filter((file) => /node_modules.*redis/.test(file))).toEqual([]);
    expect(stderr.match(/ThreadmemoWarning: Redis cannot be used/g)).toHaveLength(1);
  });
});

const compiled = { code: 0, stdout: '', stderr: '' };

/** As strict as a project can be, the packages' own declarations included. */
async function compile(file: string, options: object) {
  const strict = { strict: true, skipLibCheck: false, target: 'ES2022', types: ['node'] };
  const compilerOptions = { ...strict, rewriteRelativeImportExtensions: true, ...options };
  await project.write('tsconfig.json', JSON.stringify({ compilerOptions, files: [file] }));
  return project.tool('typescript/bin/tsc', '--project', 'tsconfig.json');
}

/** A module that compiles when each name is declared, and none of them as `any`. */
function typeOfEach(entry: string, names: readonly string[]): string {
  return [
    `import { ${names.join(', ')} } from '${entry}';`,
    'type Typed<T> = 0 extends 1 & T ? never : T;',
    ...names.map((name, at) => `export const value${at}: Typed<typeof ${name}> = ${name};`),
    'declare const anything: any;',
    '// @ts-expect-error this is what the check refuses',
    'export const untyped: Typed<typeof anything> = anything;',
  ].join('\n');
}

async function filesIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)).split(sep).join('/'));
}
