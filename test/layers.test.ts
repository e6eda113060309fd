/** Dependencies point downwards only, type imports included; see docs/design.md. */

import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));

/** From the top down: a file may import from the lines below its own, and from its own folder. */
const layers = [
  ['src/cli/'],
  [
    'src/index.ts',
    'src/disk.ts',
    'src/redis.ts',
    'src/keyv.ts',
    'src/memcached.ts',
    'workers/pool.ts',
  ],
  ['src/memoize.ts', 'src/current-signal.ts'],
  ['src/main/', 'src/thread/'],
  ['src/near/'],
  ['src/memoized.ts'],
  ['src/side.ts', 'src/map.ts'],
  ['src/registry.ts', 'src/call-limits.ts'],
  ['src/tiers/disk/', 'src/tiers/redis/', 'src/tiers/keyv/', 'src/tiers/memcached/'],
  ['src/tiers/store-options.ts'],
  ['src/options.ts'],
  ['src/keys/', 'src/tiers/', 'src/eviction/', 'src/arena/'],
  ['src/values/', 'src/fingerprint/'],
  [
    ...['src/abort.ts', 'src/belonging.ts', 'src/clock.ts', 'src/errors.ts', 'src/line.ts'],
    ...['src/import-module.ts', 'src/linked-list.ts', 'src/protocol.ts'],
  ],
];

const files = ['src', 'workers']
  .flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).map((file) =>
      join(folder, file),
    ),
  )
  .filter((file) => file.endsWith('.ts') && (file.startsWith('src') || file === 'workers/pool.ts'));

function layerOf(file: string): number {
  const layer = layers.findIndex((places) => places.some((place) => file.startsWith(place)));
  if (layer === -1) throw new Error(`${file} is in no layer: say where it belongs`);
  return layer;
}

function importsOf(file: string): string[] {
  const text = readFileSync(join(root, file), 'utf8');
  return [...text.matchAll(/from '(\.[^']+)'|import\('(\.[^']+)'\)/g)].map(([, from, dynamic]) =>
    relative(root, join(root, dirname(file), (from ?? dynamic) as string)),
  );
}

function reachedFrom(file: string): ReadonlySet<string> {
  const reached = new Set<string>();
  const next = importsOf(file);
  for (let at = next.pop(); at; at = next.pop()) {
    if (reached.has(at)) continue;
    reached.add(at);
    next.push(...importsOf(at));
  }
  return reached;
}

test('every file of the library was found', () => {
  expect(files.length).toBeGreaterThan(30);
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
