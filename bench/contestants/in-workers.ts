/** Who works inside worker threads? Stores that workers read from, and threadmemo in its own workers. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MessageChannel, type MessagePort } from 'node:worker_threads';
import type { Manner } from '../functions/memoized-jobs.js';
import { type Contestant, contestantCalled } from '../scenario.ts';
import { type Crew, openMemoCrew, openStoreCrew } from './crews.ts';
import { redisMissing, startRedis } from './redis-server.ts';

const able = { cannot: {} };

/** A store in each worker, which fills it by itself. */
const mapOneThread: Contestant<Crew> = {
  ...able,
  name: 'map-one-thread',
  what: 'one worker with a Map, which does all of the work',
  open: () => openStoreCrew({ threads: 1, store: 'map', isShared: false }),
};

/** The yardstick of hits. */
const map: Contestant<Crew> = {
  ...able,
  name: 'map',
  what: 'a Map in each worker, filled by that worker: nothing shared, nothing bounded',
  open: ({ threads }) => openStoreCrew({ threads, store: 'map', isShared: false }),
};

const lruCache: Contestant<Crew> = {
  ...able,
  name: 'lru-cache',
  what: 'an lru-cache with ttl in each worker, filled by that worker: nothing shared',
  open: ({ threads }) => openStoreCrew({ threads, store: 'lru-cache', isShared: false }),
};

const none: Contestant<Crew> = {
  ...able,
  name: 'none',
  what: 'no cache; renders fewer pages, as the table says',
  open: ({ threads }) =>
    openStoreCrew({ threads, store: 'none', isShared: false, cachesNothing: true }),
};

/** One file for all workers, deleted at the end. */
const lmdb: Contestant<Crew> = {
  ...able,
  name: 'lmdb',
  what: 'lmdb, one memory-mapped file for all workers, its own encoding (msgpack)',
  open({ threads }) {
    const folder = mkdtempSync(join(tmpdir(), 'threadmemo-bench-'));
    return openStoreCrew({
      threads,
      store: 'lmdb',
      isShared: true,
      dataFor: () => ({ data: { path: join(folder, 'cache.lmdb') } }),
      closed: () => rmSync(folder, { recursive: true, force: true }),
    });
  },
};

type Question =
  | { readonly type: 'get'; readonly id: number; readonly key: string }
  | { readonly type: 'set'; readonly key: string; readonly value: unknown }
  | { readonly type: 'clear' };

const port: Contestant<Crew> = {
  ...able,
  name: 'port',
  what: 'a Map on the main thread, asked through a MessagePort of each worker, one key after the other',
  open({ threads }) {
    const cache = new Map<string, unknown>();
    return openStoreCrew({
      threads,
      store: 'port',
      isShared: true,
      dataFor() {
        const { port1, port2 } = new MessageChannel();
        serve(cache, port1);
        return { data: { port: port2 }, transfer: [port2] };
      },
    });
  },
};

function serve(cache: Map<string, unknown>, port: MessagePort): void {
  port.on('message', (question: Question) => {
    switch (question.type) {
      case 'get':
        return port.postMessage({ id: question.id, value: cache.get(question.key) });
      case 'set':
        return void cache.set(question.key, question.value);
      case 'clear':
        return cache.clear();
    }
  });
}

const redis = (name: string, what: string, asksTogether: boolean): Contestant<Crew> => ({
  ...able,
  name,
  what,
  missing: redisMissing,
  async open({ threads }) {
    const { port, stop } = await startRedis();
    return await openStoreCrew({
      threads,
      store: 'redis',
      isShared: true,
      asksTogether,
      dataFor: () => ({ data: { port } }),
      closed: stop,
    });
  },
});

const memo = (name: string, what: string, manner: Manner): Contestant<Crew> => ({
  ...able,
  name,
  what,
  open: ({ threads }) => openMemoCrew(threads, manner),
});

const crews: readonly Contestant<Crew>[] = [
  mapOneThread,
  map,
  lruCache,
  lmdb,
  port,
  redis(
    'redis',
    'Redis on loopback through ioredis, a connection for each worker, one GET after the other',
    false,
  ),
  redis(
    'redis-together',
    'the same Redis, all fragments of a page asked for at once, in one pipeline',
    true,
  ),
  none,
  memo('threadmemo', 'threadmemo, default options, read with f.sync(key)', 'sync'),
  memo(
    'threadmemo-frozen',
    "the same with values: 'frozen': one deep-frozen object a thread",
    'frozen',
  ),
  memo('threadmemo-await', 'threadmemo, default options, read with await f(key)', 'await'),
  memo(
    'threadmemo-together',
    'threadmemo, all fragments of a page asked for at once, with await Promise.all',
    'together',
  ),
];

/** Those of the crews that a scenario is for, in its order. */
export function crewsCalled(...names: readonly string[]): Contestant<Crew>[] {
  return names.map((name) => contestantCalled(name, crews));
}

/** A crew that holds the values of the numbers below `size`. */
export interface SizedCrew extends Crew {
  readonly size: number;
}

/** Calls at a time while a cache is filled. */
const chunk = 5_000;

/** A Map in a worker, and threadmemo, that hold so many small entries from the start. */
export function sized(sizes: readonly number[]): Contestant<SizedCrew>[] {
  return [...sizes.map(mapOf), ...sizes.map(threadmemoOf)];
}

export const threadmemoName = (size: number) => `threadmemo-${size}`;

function mapOf(size: number): Contestant<SizedCrew> {
  return {
    name: `map-${size}`,
    what: `a Map of ${size.toLocaleString('en')} entries in one worker: what the processor's caches do`,
    cannot: {},
    async open() {
      const crew = await openStoreCrew({ threads: 1, store: 'map', isShared: false });
      for (let filled = 0; filled < size; filled += chunk) await crew.fillNumbered(filled, chunk);
      return Object.assign(crew, { size });
    },
  };
}

function threadmemoOf(size: number): Contestant<SizedCrew> {
  return {
    name: threadmemoName(size),
    what: `threadmemo with ${size.toLocaleString('en')} entries, read with f.sync(i)`,
    cannot: {},
    async open() {
      const crew = await openMemoCrew(1, 'sync');
      for (let filled = 0; filled < size; filled += chunk) await crew.fillNumbered(filled, chunk);
      return Object.assign(crew, { size });
    },
  };
}
