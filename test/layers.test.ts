/** Dependencies point downwards only, type imports included; see docs/architecture.md. */

import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));

/** From the top down: a file may import from the lines below its own, and from its own folder. */
const layers = [
  ['src/cli/'],
  ['src/page/client/'],
  ['src/page/'],
  [
    'src/index.ts',
    'src/disk.ts',
    'src/redis.ts',
    'src/keyv.ts',
    'src/memcached.ts',
    'workers/pool.ts',
    'workers/disk-reader.ts',
  ],
  ['src/web/'],
  ['src/observe/'],
  ['src/api/'],
  ['src/guests/'],
  ['src/pool/', 'src/worker/'],
  ['src/report/'],
  ['src/coordinator/'],
  ['src/compute/', 'src/read/'],
  ['src/call/'],
  ['src/tiers/disk/', 'src/tiers/redis/', 'src/tiers/keyv/', 'src/tiers/memcached/'],
  ['src/tiers/store-options.ts'],
  ['src/testing/'],
  ['src/options.ts'],
  ['src/keys/', 'src/tiers/', 'src/eviction/', 'src/arena/'],
  ['src/values/', 'src/code-version/', 'src/tags/'],
  ['src/installed.ts', 'src/text/'],
  ['src/clock.ts', 'src/errors.ts', 'src/events/', 'src/order/', 'src/protocol.ts'],
  ['src/runtime/'],
];

const files = ['src', 'workers']
  .flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).map((file) =>
      join(folder, file),
    ),
  )
  .filter(
    (file) =>
      file.endsWith('.ts') &&
      (file.startsWith('src') || /^workers\/(pool|disk-reader)\.ts$/.test(file)),
  );

function layerOf(file: string): number {
  const layer = layers.findIndex((places) => places.some((place) => file.startsWith(place)));
  if (layer === -1) throw new Error(`${file} is in no layer: say where it belongs`);
  return layer;
}

const imports = new Map<string, readonly string[]>();

function importsOf(file: string): readonly string[] {
  const known = imports.get(file) ?? readImports(file);
  imports.set(file, known);
  return known;
}

function readImports(file: string): string[] {
  const text = readFileSync(join(root, file), 'utf8');
  return [...text.matchAll(/from '(\.[^']+)'|import\('(\.[^']+)'\)/g)].map(([, from, dynamic]) =>
    relative(root, join(root, dirname(file), (from ?? dynamic) as string)),
  );
}

/** @param importsIn what a file imports, as far as it is to be followed */
function reachedFrom(file: string, importsIn = importsOf): ReadonlySet<string> {
  const reached = new Set<string>();
  const next = [...importsIn(file)];
  for (let at = next.pop(); at; at = next.pop()) {
    if (reached.has(at)) continue;
    reached.add(at);
    next.push(...importsIn(at));
  }
  return reached;
}

test('every file of the library was found', () => {
  expect(files.length).toBeGreaterThan(30);
});

test('at most ten files stand beside the folders', () => {
  expect(files.filter((file) => dirname(file) === 'src').length).toBeLessThanOrEqual(10);
});

test.each(files)('%s imports only from below', (file) => {
  const wrong = importsOf(file).filter((imported) => {
    const sameFolder = dirname(imported) === dirname(file) && dirname(file) !== 'src';
    return !sameFolder && layerOf(imported) <= layerOf(file);
  });
  expect(wrong).toEqual([]);
});

test('src/index.ts reaches no tier of an entry of its own', () => {
  const reached = reachedFrom('src/index.ts');
  expect(reached).toContain('src/tiers/tier.ts');
  const ofTheirOwn = /^src\/(tiers\/\w+\/|disk|redis|memcached|keyv)/;
  expect([...reached].filter((file) => ofTheirOwn.test(file))).toEqual([]);
});

test('workers/pool.ts reaches no tier at all', () => {
  const reached = reachedFrom('workers/pool.ts');
  expect(reached).toContain('src/protocol.ts');
  expect([...reached].filter((file) => file.startsWith('src/tiers/'))).toEqual([]);
});

test('no two files of a folder import each other in a circle', () => {
  const inCircle = files.filter((file) => reachedFrom(file).has(file));
  expect(inCircle).toEqual([]);
});

test('protocol.ts imports nothing', () => {
  expect(importsOf('src/protocol.ts')).toEqual([]);
});

test('no two files of the benchmarks import each other in a circle', () => {
  const benches = readdirSync(join(root, 'bench'), { withFileTypes: true })
    .filter(({ name }) => name !== 'node_modules')
    .flatMap((entry) =>
      entry.isDirectory()
        ? readdirSync(join(root, 'bench', entry.name), { recursive: true, encoding: 'utf8' }).map(
            (file) => join('bench', entry.name, file),
          )
        : join('bench', entry.name),
    )
    .filter((file) => /\.[jt]s$/.test(file));
  expect(benches.length).toBeGreaterThan(30);
  const importsIn = (file: string) => importsOf(file).filter((it) => benches.includes(it));
  const inCircle = benches.filter((file) => reachedFrom(file, importsIn).has(file));
  expect(inCircle).toEqual([]);
});
