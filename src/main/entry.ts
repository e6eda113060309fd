/** What the coordinator keeps of one function, and of one settled value. */

import { LeastRecentlyUsed } from '../eviction/lru.ts';
import type { EvictionPolicy, Handle } from '../eviction/policy.ts';
import type { FunctionInfo, Portable } from '../protocol.ts';
import { Counters } from './counters.ts';

/** One memoized function, as the coordinator knows it. */
export class FunctionRecord {
  readonly info: FunctionInfo;
  readonly counters = new Counters();
  /** The function's own entries, for `max`. `clear` puts a new one here, and what is in the old is dead. */
  policy: EvictionPolicy<Entry> = new LeastRecentlyUsed();

  constructor(info: FunctionInfo) {
    this.info = info;
  }
}

/** Immutable but for its place in the eviction orders. */
export interface Entry {
  /** Never used twice in a process. */
  readonly id: number;
  readonly key: string;
  readonly fn: FunctionRecord;
  readonly value: Portable;
  /** By the coordinator's clock; `Infinity` for never. */
  readonly expiresAt: number;
  /** Milliseconds that computing it took. */
  readonly ms: number;
  /** Bytes held: key, value and bookkeeping. */
  readonly size: number;
  /** Its place in the pool's eviction order. */
  inPool: Handle;
  /** The eviction order of its function; the entry is dead when its function has another one now. */
  readonly policy: EvictionPolicy<Entry>;
  /** Its place in `policy`. */
  inFunction: Handle;
}

/**
 * Bytes that an entry takes beside its key's characters and its value's bytes: the entry, two list
 * links, a map slot, and the headers of the string and of the byte array with its buffer.
 * `test/limits/memory.test.ts` holds it against the process's real memory.
 */
export const BOOKKEEPING_BYTES = 512;
