/** Who only keeps things? A keeper holds so many entries, and says what they take. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { valueFor } from '../functions/cached-values.js';
import { cacheEntries } from '../functions/plain.js';
import { type Closable, type Contestant, plainNode } from '../scenario.ts';

/** Bytes. */
export interface Held {
  /** All that was taken for the entries. */
  readonly total: number;
  /** What is neither key nor value, where the cache itself says so. */
  readonly bookkeeping?: number;
}

export interface Keeper extends Closable {
  /** Forgets all there is, then holds these. */
  hold(keys: readonly string[]): Promise<Held>;
}

interface Holder {
  set(key: string, value: string): unknown;
  clear(): void;
}

/** On the heap of this thread: the difference, after collecting garbage. */
function onHeap(make: () => Holder): Keeper {
  // Only here: no other contestant's process should have the flag.
  setFlagsFromString('--expose-gc');
  const collectGarbage: () => void = runInNewContext('gc');
  const heapUsed = () => {
    collectGarbage();
    return process.memoryUsage().heapUsed;
  };
  return {
    async hold(keys) {
      const before = heapUsed();
      const holder = make();
      // Strings in one piece and of their own, as they come out of a request.
      for (const key of keys) holder.set(flat(key), flat(String(valueFor(key))));
      const total = heapUsed() - before;
      holder.clear();
      return { total };
    },
    close: async () => {},
  };
}

function flat(text: string): string {
  return Buffer.from(text, 'latin1').toString('latin1');
}

const map: Contestant<Keeper> = {
  name: 'map',
  what: 'a Map: heap of its thread, keys and values included',
  cannot: {},
  open: async () => onHeap(() => new Map<string, string>()),
};

const lruCache: Contestant<Keeper> = {
  name: 'lru-cache',
  what: 'an lru-cache with ttl: heap of its thread, keys and values included',
  cannot: {},
  async open() {
    const { LRUCache } = await import('lru-cache');
    return onHeap(() => new LRUCache<string, string>({ max: cacheEntries, ttl: 3_600_000 }));
  },
};

/** Shared memory, by its own account. */
const threadmemo: Contestant<Keeper> = {
  name: 'threadmemo',
  what: 'threadmemo: memory that all threads share, by pool.stats().memory, free and dead bytes included',
  cannot: {},
  async open({ threads }) {
    const { createPool } = await import('../functions/threadmemo.js');
    const { value } = await import('../functions/memoized-jobs.js');
    const pool = await createPool({ threads, maxSize: '256mb', worker: plainNode });
    return {
      async hold(keys) {
        await pool.clear();
        await Promise.all(keys.map((key) => value(key)));
        const { entries, used, bookkeeping } = pool.stats().memory;
        if (entries !== keys.length) throw new Error(`holds ${entries} of ${keys.length} entries`);
        return { total: used, bookkeeping };
      },
      close: () => pool.close(),
    };
  },
};

export const keepers: readonly Contestant<Keeper>[] = [map, lruCache, threadmemo];
