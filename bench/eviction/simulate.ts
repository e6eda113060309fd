/** What does a policy leave to be computed? A cache without values, played a trace. */
import type { Candidate, EntryFacts, EvictionPolicy } from '../../src/eviction/policy.ts';
import type { Trace } from './trace.ts';

export interface Outcome {
  /** Of the cost of all requests, that of the misses. */
  readonly costMissRatio: number;
  /** Of all requests, the misses. */
  readonly objectMissRatio: number;
  readonly evictions: number;
}

/** Makes the policy for a cache of so many bytes. */
export type MakePolicy = (facts: EntryFacts, maxSize: number, now: () => number) => EvictionPolicy;

/**
 * As `memory.ts` does it: a hit leaves a mark, a victim that has one is spared, and handles are used
 * again. What is larger than the cache is not kept.
 * @param measured what the policy is told that computing a key's value took
 */
export function simulate(
  trace: Trace,
  maxSize: number,
  make: MakePolicy,
  measured: Float64Array = trace.cost,
): Outcome {
  const cache = new SimulatedCache(trace, maxSize, make, measured);
  let [missed, misses, total] = [0, 0, 0];
  for (const key of trace.requests) {
    const cost = trace.cost[key] as number;
    total += cost;
    if (cache.finds(key)) continue;
    missed += cost;
    misses++;
    cache.add(key);
  }
  return {
    costMissRatio: missed / total,
    objectMissRatio: misses / trace.requests.length,
    evictions: cache.evictions,
  };
}

class SimulatedCache {
  evictions = 0;
  readonly #bytes: Float64Array;
  readonly #cost: Float64Array;
  readonly #maxSize: number;
  readonly #policy: EvictionPolicy;
  /** By key: its handle, or -1. */
  readonly #handles: Int32Array;
  /** By handle. */
  readonly #keys: number[] = [];
  readonly #free: number[] = [];
  readonly #marked: Uint8Array;
  #room: number;
  #requests = 0;

  constructor({ bytes }: Trace, maxSize: number, make: MakePolicy, cost: Float64Array) {
    this.#bytes = bytes;
    this.#cost = cost;
    this.#maxSize = maxSize;
    this.#room = maxSize;
    this.#handles = new Int32Array(bytes.length).fill(-1);
    this.#marked = new Uint8Array(bytes.length);
    const keys = this.#keys;
    const facts: EntryFacts = {
      bytes: (handle) => bytes[keys[handle] as number] as number,
      cost: (handle) => cost[keys[handle] as number] as number,
      hash: (handle) => scattered(keys[handle] as number),
      msLeft: () => Number.POSITIVE_INFINITY,
    };
    this.#policy = make(facts, maxSize, () => this.#requests);
  }

  finds(key: number): boolean {
    this.#requests++;
    if (this.#handles[key] === -1) return false;
    this.#marked[key] = 1;
    return true;
  }

  add(key: number): void {
    const bytes = this.#bytes[key] as number;
    if (bytes > this.#maxSize) return;
    while (this.#room < bytes) {
      if (this.#policy.declines(this.#candidate(key))) return;
      this.#evict(bytes);
    }
    const handle = this.#free.pop() ?? this.#keys.length;
    this.#keys[handle] = key;
    this.#handles[key] = handle;
    this.#marked[key] = 0;
    this.#room -= bytes;
    this.#policy.add(handle);
  }

  #candidate(key: number): Candidate {
    const [bytes, cost] = [this.#bytes[key] as number, this.#cost[key] as number];
    return { bytes, cost, hash: () => scattered(key), msLeft: Number.POSITIVE_INFINITY };
  }

  #evict(wanted: number): void {
    const victim = this.#policy.victim(wanted) as number;
    const key = this.#keys[victim] as number;
    if (this.#marked[key]) {
      this.#marked[key] = 0;
      this.#policy.touch(victim);
      return;
    }
    this.#policy.evict(victim);
    this.#handles[key] = -1;
    this.#free.push(victim);
    this.#room += this.#bytes[key] as number;
    this.evictions++;
  }
}

/** A key's number, with all bits depending on all. */
function scattered(key: number): number {
  let hash = Math.imul(key + 1, 0x9e3779b1);
  hash = Math.imul(hash ^ (hash >>> 15), 0x85ebca6b);
  return (hash ^ (hash >>> 13)) >>> 0;
}
