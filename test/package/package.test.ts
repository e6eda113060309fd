/** What a user installs, used the ways users do. Each program is a process of its own, and must end by itself. */

import { readdir, readFile, stat } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { inFull } from '../effort.ts';
import { ABORTED, createProject, type Project } from './project.ts';

/** Bytes; raise them only for what is worth a download. The maps have the sources in them. */
const largest = { code: 1_300_000, maps: 2_700_000 };

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
});
afterAll(() => project?.remove());

describe('the tarball', () => {
  test('holds the build, the documents for users, and nothing else', async () => {
    const files = await filesIn(project.installed);
    const documents = ['CHANGELOG.md', 'LICENSE', 'README.md', 'package.json'];
    const built =
      /^dist\/((src|chunks)\/.+|workers\/(pool|disk-reader))\.js(\.map)?$|^dist\/(src|workers)\/.+\.d\.ts$|^dist\/page\/page\.html$/;
    expect(files.filter((file) => !built.test(file)).sort()).toEqual(documents);
    expect(files).toContain('dist/src/index.d.ts');
    expect(files).toContain('dist/workers/pool.js');
    // The command is not imported.
    expect(files.filter((file) => /^dist\/src\/cli\/.*\.d\.ts$/.test(file))).toEqual([]);
    // Users' compilers read what the public types name, and nothing of how a pool works.
    expect(files.filter((file) => /^dist\/src\/(arena|coordinator)\//.test(file)).sort()).toEqual([
      'dist/src/arena/usage.d.ts',
      'dist/src/coordinator/inspection.d.ts',
    ]);
  });

  test.runIf(inFull)('was built anew: nothing of an old build is in it', async () => {
    expect(await filesIn(project.installed)).not.toContain('dist/src/left-from-an-old-build.js');
  });

  test.each(Object.entries(largest))(
    `the %s: smaller than %i bytes, unpacked`,
    async (what, most) => {
      const files = await filesIn(project.installed);
      const counted = files.filter((file) => file.endsWith('.map') === (what === 'maps'));
      const sizes = counted.map(async (file) => (await stat(join(project.installed, file))).size);
      const size = (await Promise.all(sizes)).reduce((sum, each) => sum + each, 0);
      console.log(`the package's ${what}: ${counted.length} files, ${size} bytes unpacked`);
      expect(size).toBeLessThan(most);
    },
  );

  test('has a map to readable sources for each file that runs', async () => {
    const files = await filesIn(project.installed);
    for (const file of files.filter((each) => each.endsWith('.js'))) {
      const code = await readFile(join(project.installed, file), 'utf8');
      if (/^((import|export) [^;]+;\s*)+$/.test(code)) continue;
      const map = await readFile(join(project.installed, `${file}.map`), 'utf8');
      const { sources, sourcesContent } = JSON.parse(map);
      expect(sourcesContent).toHaveLength(sources.length);
      for (const source of sources) expect(source).toMatch(/^(\.\.\/)+(src|workers)\/.+\.ts$/);
    }
  });
});

describe('computes once, in a worker thread, and lets the process end', () => {
  test('plain JavaScript', async () => {
    expect(await project.node('main.js')).toEqual(rendered);
  });

  test('CommonJS, by require()', async () => {
    const { code, stdout } = await project.node('common.cjs');
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'worker\n' });
  });

  test.runIf(inFull)('TypeScript under tsx', async () => {
    expect(await project.node('--import', 'tsx', 'main.ts')).toEqual(rendered);
  });

  const strips = (process.features as { typescript?: string | false }).typescript;
  if (!strips) console.warn(`SKIPPED: type stripping, which Node ${process.version} does not have`);
  test.skipIf(!strips)('TypeScript that Node strips the types of itself', async () => {
    expect(await project.node('main.ts')).toEqual(rendered);
  });

  const resolutions = [
    { module: 'NodeNext', moduleResolution: 'NodeNext' },
    { module: 'ESNext', moduleResolution: 'Bundler' },
  ];
  test.runIf(inFull).each(resolutions)(
    'TypeScript that tsc compiles, with $moduleResolution resolution',
    async (options) => {
      const outDir = `built-${options.moduleResolution}`;
      expect(await compile(['main.ts'], { ...options, outDir })).toEqual(compiled);
      expect(await project.node(`${outDir}/main.js`)).toEqual(rendered);
    },
  );
});

test('an error arrives with the class that the module exports, unconstructed', async () => {
  const { code, stdout, stderr } = await project.node('catches.js');
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(JSON.parse(stdout)).toEqual({
    isNotFound: [true, true],
    isOne: false,
    made: 0,
    described: 'Error: x',
  });
});

describe.runIf(inFull)('in a script of one file', () => {
  test('a call that every thread would repeat ends in an error that names the file', async () => {
    const { code, stdout, stderr } = await project.node('script.js');
    // Node 20 aborts now and then when a process ends while one of its threads loads its first modules.
    expect([1, ABORTED]).toContain(code);
    expect(stdout).toBe('');
    expect(stderr).toMatch(
      /LoadError: .*script\.js called .* while a worker thread was loading it/,
    );
  });

  test('a service that every thread would start says what to do, beside the address in use', async () => {
    const { code, stdout } = await project.node('one-file-service.js');
    expect(stdout).toMatch(/^LoadError: .*EADDRINUSE.*should start nothing: move the function/);
    expect(code).toBe(0);
  });

  test('so does one whose threads die of that while they load it', async () => {
    const { code, stdout } = await project.node('unheard-service.js');
    expect(stdout).toMatch(
      /^WorkerLostError: .*EADDRINUSE.*should start nothing: move the function/,
    );
    expect(code).toBe(0);
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
  'threadmemo/prometheus': 'collectMetrics',
  'threadmemo/testing': 'fakeClock',
  'threadmemo/tier-suite': 'tierCases',
  'threadmemo/express': 'cached',
  'threadmemo/fastify': 'cached',
  'threadmemo/hono': 'cached',
};
test.runIf(inFull)('every exported value has a type', async () => {
  const files = await Promise.all(
    Object.entries(known).map(async ([entry, name], at) => {
      const list = `console.log(Object.keys(await import("${entry}")).join())`;
      const { stdout } = await project.node('--input-type=module', '--eval', list);
      const names = stdout.trim().split(',');
      expect(names).toContain(name);
      await project.write(`names${at}.ts`, typeOfEach(entry, names));
      return `names${at}.ts`;
    }),
  );
  expect(await compile(files, { module: 'NodeNext', noEmit: true })).toEqual(compiled);
});

test('only the parts that are used are loaded', async () => {
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

test.runIf(inFull)(
  'the suite of tiers runs in another test runner',
  { timeout: 90_000 },
  async () => {
    const { code, stdout } = await project.node('--test', '--test-reporter=tap', 'tier-suite.js');
    expect(stdout).toMatch(/^# fail 0$/m);
    expect(stdout).toMatch(/^# pass [1-9]/m);
    expect(stdout).toMatch(/^# skipped [1-9]/m);
    expect(code).toBe(0);
  },
);

test.runIf(inFull)('the command runs from node_modules/.bin', async () => {
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

describe('threadmemo/disk', () => {
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

  test.runIf(inFull)(
    'without esbuild keeps what has a version only, and says so once',
    async () => {
      const { code, stderr } = await project.node('disk.js', 'cache');
      expect(code).toBe(0);
      expect(stderr.match(/ThreadmemoWarning: .*npm install esbuild/g)).toHaveLength(1);
    },
  );

  test.runIf(inFull)('with esbuild keeps the rest, and loads it in no worker thread', async () => {
    await project.install('esbuild');
    const { stdout, stderr } = await project.node('disk.js', 'cache');
    const loaded: { main: string[]; worker: string[] } = JSON.parse(stdout);
    expect(stderr).toBe('');
    expect(loaded.main).toContainEqual(expect.stringMatching(/esbuild.lib.main\.js$/));
    expect(loaded.worker.filter((file) => /esbuild/.test(file))).toEqual([]);
  });
});

describe('threadmemo/redis', () => {
  test('without redis says how to install it', async () => {
    const { stdout } = await project.node('redis.js');
    expect(JSON.parse(stdout)).toMatchObject({
      name: 'MissingPackageError',
      code: 'ERR_THREADMEMO_MISSING_PACKAGE',
      message: expect.stringContaining('npm install redis'),
    });
  });

  test.runIf(inFull)(
    'loads redis where the pool is, and in no worker thread; without a server, calls go on',
    async () => {
      await project.install('redis');
      const { stdout, stderr } = await project.node('redis.js');
      const loaded: { main: string[]; worker: string[] } = JSON.parse(stdout);
      expect(loaded.main).toContainEqual(expect.stringMatching(/redis.dist.index\.js$/));
      expect(loaded.worker.filter((file) => /node_modules.*redis/.test(file))).toEqual([]);
      expect(stderr.match(/ThreadmemoWarning: Redis cannot be used/g)).toHaveLength(1);
    },
  );
});

const compiled = { code: 0, stdout: '', stderr: '' };

/** As strict as a project can be, the packages' own declarations included. */
async function compile(files: readonly string[], options: object) {
  const strict = { strict: true, skipLibCheck: false, target: 'ES2022', types: ['node'] };
  const compilerOptions = { ...strict, rewriteRelativeImportExtensions: true, ...options };
  await project.write('tsconfig.json', JSON.stringify({ compilerOptions, files }));
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
