/**
 * Why the calls of one function found nothing, and what a larger cache, or a stale answer, would have
 * saved. Written for each miss, so constant in time and in size.
 */

import type { MissReason } from '../protocol.ts';
import type { Departure, Limit } from './departures.ts';

/** A cache of more than 2 to the power of this times its size is not proposed. */
export const MOST_DOUBLINGS = 4;

/** What a limit has cost: misses of evicted entries that a cache so many times doubled would have kept. */
export interface GhostMisses {
  readonly misses: number;
  /** Milliseconds that computing them took before. */
  readonly ms: number;
}

export class Misses {
  readonly #counts = new Map<MissReason, number>();
  readonly #ghosts = new Map<Limit, { misses: number; ms: number }[]>();
  /** Milliseconds that it took before to compute what had expired. */
  expiredMs = 0;
  /** The same of what was too large to keep, and bytes of the largest. */
  tooLargeMs = 0;
  largest = 0;

  /** @param capacity of the limit that its entry was evicted for */
  add(reason: MissReason, departure?: Departure, capacity?: (limit: Limit) => number): void {
    this.#counts.set(reason, this.of(reason) + 1);
    if (!departure) return;
    const { ms, limit, evictedSince } = departure;
    if (reason === 'expired') this.expiredMs += ms;
    if (reason === 'too large') this.tooLargeMs += ms;
    if (reason !== 'evicted' || !limit || !capacity) return;
    const doublings = Math.ceil(Math.log2(1 + evictedSince / capacity(limit)));
    if (doublings > MOST_DOUBLINGS) return;
    const ghost = this.#ghostsOf(limit)[Math.max(doublings, 1)];
    if (!ghost) return;
    ghost.misses++;
    ghost.ms += ms;
  }

  of(reason: MissReason): number {
    return this.#counts.get(reason) ?? 0;
  }

  /** By reason; those that there were. */
  counts(): Readonly<Partial<Record<MissReason, number>>> {
    return Object.fromEntries(this.#counts);
  }

  /** Of each limit, for one doubling and more: what a cache of that size would have kept. */
  ghosts(limit: Limit): readonly GhostMisses[] {
    const each = this.#ghosts.get(limit) ?? [];
    let misses = 0;
    let ms = 0;
    return each.map((ghost) => {
      misses += ghost.misses;
      ms += ghost.ms;
      return { misses, ms };
    });
  }

  #ghostsOf(limit: Limit): { misses: number; ms: number }[] {
    const known = this.#ghosts.get(limit);
    if (known) return known;
    const made = Array.from({ length: MOST_DOUBLINGS + 1 }, () => ({ misses: 0, ms: 0 }));
    this.#ghosts.set(limit, made);
    return made;
  }
}
