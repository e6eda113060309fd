/**
 * The numbers behind `stats()`: one set a function, written only by the coordinator. What threads read
 * by themselves they count in the arena.
 */

import type { Hits } from '../arena/more-hits.ts';
import type { FunctionStats, HitsIn } from '../protocol.ts';

export class Counters {
  memoryHits = 0;
  tierHits = 0;
  /** Among these. */
  staleMemoryHits = 0;
  staleTierHits = 0;
  staleOnError = 0;
  softTimeouts = 0;
  refreshes = 0;
  failedRefreshes = 0;
  errorHits = 0;
  misses = 0;
  waits = 0;
  computations = 0;
  errors = 0;
  /** Computations that have ended with a value. */
  completed = 0;
  cancelled = 0;
  duplicates = 0;
  overLimit = 0;
  hardTimeouts = 0;
  overrun = 0;
  lost = 0;
  evictions = 0;
  /** The same, by the limit that they were for. */
  readonly evictedFor = { maxSize: 0, 'pool max': 0, max: 0 };
  readonly notKept = { tooLarge: 0, noRoom: 0, declined: 0 };
  entries = 0;
  bytes = 0;
  computeMsSpent = 0;
  computeMsAwaited = 0;
  computeMsSaved = 0;

  /** @param found what threads have read by themselves. */
  snapshot(hits: Hits): FunctionStats {
    const { memoryHits: memory, notKept } = this;
    const { records, cost, staleNear, staleShared } = hits;
    const near = hits.near + staleNear;
    const shared = hits.shared + staleShared;
    const tiers = this.tierHits + records;
    // Each by its name: to copy what is left over takes several times as long, for each of thousands.
    return {
      hits: near + shared + memory + tiers,
      hitsIn: { near, shared, memory, tiers },
      staleHits: this.staleMemoryHits + this.staleTierHits + staleNear + staleShared,
      staleOnError: this.staleOnError,
      softTimeouts: this.softTimeouts,
      refreshes: this.refreshes,
      failedRefreshes: this.failedRefreshes,
      errorHits: this.errorHits,
      misses: this.misses,
      waits: this.waits,
      computations: this.computations,
      errors: this.errors,
      cancelled: this.cancelled,
      duplicates: this.duplicates,
      overLimit: this.overLimit,
      hardTimeouts: this.hardTimeouts,
      overrun: this.overrun,
      lost: this.lost,
      evictions: this.evictions,
      notKept: {
        tooLarge: notKept.tooLarge,
        noRoom: notKept.noRoom,
        declined: notKept.declined,
      },
      entries: this.entries,
      bytes: this.bytes,
      computeMsSpent: this.computeMsSpent,
      computeMsAwaited: this.computeMsAwaited,
      computeMsSaved: this.computeMsSaved + cost,
    };
  }
}

/** Those of its hits that were stale. */
export function staleIn(counters: Counters, { staleNear, staleShared }: Hits): HitsIn {
  const { staleMemoryHits: memory, staleTierHits: tiers } = counters;
  return { near: staleNear, shared: staleShared, memory, tiers };
}

/** Of a function that nothing has happened to. */
export function noStats(): FunctionStats {
  return new Counters().snapshot({
    near: 0,
    shared: 0,
    records: 0,
    cost: 0,
    staleNear: 0,
    staleShared: 0,
  });
}

/** The sum over any number of functions. */
export function totalOf(all: Iterable<FunctionStats>): FunctionStats {
  const total = noStats();
  for (const each of all) add(total, each);
  return total;
}

/** All numbers, at whatever depth. */
function add(to: object, more: object): void {
  const sums = to as Record<string, unknown>;
  const others = more as Readonly<Record<string, unknown>>;
  for (const name in sums) {
    const other = others[name];
    if (typeof other === 'number') sums[name] = (sums[name] as number) + other;
    else add(sums[name] as object, other as object);
  }
}
