/**
 * What an invalidation does to what is kept, and to what is under way.
 *
 * Invariant: what was leased or probed before an invalidation is not stored after it, in any tier. So
 * flights are fenced first; then memory and the tiers forget; and only then are the leases of tiers
 * asked for again that the invalidation has ended.
 */

import { argsKeyOf } from '../call/registry.ts';
import type { Computed } from '../protocol.ts';
import { ANYTHING, marksRaised } from '../tags/dependencies.ts';
import { TAG_ROWS } from '../tiers/tag-rows.ts';
import type { Invalidation, Tier } from '../tiers/tier.ts';
import type { Cache } from './cache.ts';
import { windowOf } from './entry-terms.ts';
import type { Flights } from './flights.ts';
import { forAll } from './for-all.ts';
import type { FunctionRecord } from './function-record.ts';
import type { Leases } from './leases.ts';
import type { Tracking } from './parts.ts';
import type { StaleAnswers } from './stale-answers.ts';
import type { Waiters } from './waiters.ts';

export interface InvalidationsParts {
  /** By id. */
  readonly functions: ReadonlyMap<string, FunctionRecord>;
  readonly flights: Flights;
  readonly cache: Cache;
  readonly leases: Leases;
  readonly waiters: Waiters;
  readonly staleAnswers: StaleAnswers;
  readonly tracking: Tracking;
}

export class Invalidations {
  readonly #parts: InvalidationsParts;

  constructor(parts: InvalidationsParts) {
    this.#parts = parts;
  }

  /**
   * Forgets one entry; without a key all of a function's; without a function everything. Settles when
   * no tier answers with it any more; memory does not at once.
   */
  invalidate(fn?: FunctionRecord, key?: string): Promise<void> {
    const { functions, flights, cache } = this.#parts;
    if (key === undefined) flights.heedAll();
    if (fn) this.#fence(fn, key);
    else for (const each of functions.values()) this.#fence(each, undefined);
    const forgotten = fn ? cache.forget(fn, key) : cache.forgetAll(functions.values());
    flights.askAgain(fn, key);
    return fn ? this.#withDependents(forgotten, fn, key) : forgotten;
  }

  /** Settles after that, and when what was made of it has gone, too. */
  #withDependents(forgotten: Promise<void>, fn: FunctionRecord, key?: string): Promise<void> {
    const marks = marksRaised(fn.info.id, key);
    return this.#ofDependents(forgotten, () => this.#forgetMarks(marks));
  }

  /** What was made of the value of a key is stale, or where no stale value is ever answered, it goes. */
  expireDependents(fn: FunctionRecord, key: string, ended = Promise.resolve()): Promise<void> {
    const marks = marksRaised(fn.info.id, key);
    return this.#ofDependents(ended, () => this.#expireMarks(marks));
  }

  /**
   * Without a function that tracks here, it may be another process that has stored what depends on something: the
   * tiers are asked for that afterwards, since what is begun later is made of new parts.
   */
  #ofDependents(ended: Promise<void>, raise: () => Promise<void>): Promise<void> {
    const { tracking, cache } = this.#parts;
    if (tracking.isUsed) return both(ended, raise());
    return cache.hasTiers ? this.#ofOthers(ended, raise) : ended;
  }

  async #ofOthers(ended: Promise<void>, raise: () => Promise<void>): Promise<void> {
    await ended;
    if (await this.#parts.cache.mayHaveDependents()) await raise();
  }

  /** What depends on anything at all depends on tags, too. */
  #withAnything(marks: readonly string[]): readonly string[] {
    return this.#parts.tracking.isUsed ? [...marks, ANYTHING] : marks;
  }

  /**
   * Forgets what has one of these marks. What is under way may turn out to have one: that is known when
   * it ends, see `tag-log.ts`. Settles like {@link invalidate}, and waits for no flight.
   */
  invalidateTags(marks: readonly string[]): Promise<void> {
    return this.#forgetMarks(this.#withAnything(marks));
  }

  #forgetMarks(marks: readonly string[]): Promise<void> {
    const { leases, cache } = this.#parts;
    leases.tags.invalidate(marks);
    const forgotten = cache.forgetTags(marks);
    this.#fenceStale();
    return forgotten;
  }

  /**
   * What has one of these marks is stale from now on, what turns out to have one when it comes too. Where no
   * stale value is ever answered, and in tiers and other processes, it is forgotten. Settles likewise.
   */
  expireTags(marks: readonly string[]): Promise<void> {
    return this.#expireMarks(this.#withAnything(marks));
  }

  #expireMarks(marks: readonly string[]): Promise<void> {
    const { leases, cache } = this.#parts;
    leases.tags.expire(marks);
    return cache.expireTags(marks);
  }

  /** Stale values that are gone answer no call any more, and their refreshes began before that. */
  #fenceStale(): void {
    const { functions, flights, cache } = this.#parts;
    for (const fn of functions.values()) {
      for (const { key, stale } of flights.withStale(fn)) {
        if (cache.held(fn, key)?.id === stale?.id) continue;
        this.#fence(fn, key);
        flights.askAgain(fn, key);
      }
    }
  }

  /**
   * Primes an entry: what was begun before is not kept, and what has not begun is answered with the value.
   * Settles when the tiers have it; memory does at once. A value that is not to be kept only invalidates.
   * @param id of the entry
   */
  set(fn: FunctionRecord, key: string, given: Computed, id: number): Promise<void> {
    const { flights, cache } = this.#parts;
    this.#fence(fn, key);
    const kept = cache.put(fn, key, given, id);
    flights.askAgain(fn, key);
    if (kept) flights.answerUnbegun(fn, key, { state: 'value', entry: id, value: given.value });
    return this.#withDependents(kept ?? Promise.resolve(), fn, key);
  }

  /**
   * Another process has invalidated something in a tier: what was begun before is not kept here. The
   * other tiers may have it of functions that were not called here.
   */
  heard(from: Tier, what: Invalidation): void {
    const { functions, flights, cache } = this.#parts;
    if (what.of !== 'all' && what.functionId === TAG_ROWS) return this.#heardOfTags(from, what);
    flights.heedAll();
    for (const fn of functions.values()) {
      const { id } = fn.info;
      if (what.of !== 'all' && what.functionId !== id) continue;
      const key = what.of === 'key' ? argsKeyOf(id, what.key) : undefined;
      this.#fence(fn, key);
      cache.drop(fn, key);
      flights.askAgain(fn, key);
    }
    cache.forgetBeside(from, what);
    this.#heardOfParts(from, what);
  }

  /** In that tier, a process that knows of dependents has ended them. */
  #heardOfParts(from: Tier, what: Invalidation): void {
    if (what.of === 'all' || !this.#parts.tracking.isUsed) return;
    const { functionId: id } = what;
    const marks = marksRaised(id, what.of === 'key' ? argsKeyOf(id, what.key) : undefined);
    this.#heardOfMarks(from, marks);
  }

  #heardOfMarks(from: Tier, marks: readonly string[]): void {
    const { leases, cache } = this.#parts;
    leases.tags.invalidate(marks);
    cache.dropTags(marks);
    this.#fenceStale();
    cache.forgetTagsBeside(from, marks);
  }

  /** The rows of tags are records as any, see `tag-rows.ts`. */
  #heardOfTags(from: Tier, what: Exclude<Invalidation, { of: 'all' }>): void {
    const { leases, cache } = this.#parts;
    if (what.of === 'function') {
      leases.tags.invalidateAll();
      cache.dropTags();
      this.#fenceStale();
      return cache.forgetBeside(from, what);
    }
    this.#heardOfMarks(from, this.#withAnything([argsKeyOf(TAG_ROWS, what.key)]));
  }

  /**
   * The value of a key is stale from now on: what is kept, and what is being computed. Tiers forget it;
   * settles when none answers with it. Where no stale value is ever answered, it is forgotten everywhere.
   */
  expire(fn: FunctionRecord, key: string, newId: () => number): Promise<void> {
    const { flights, cache } = this.#parts;
    const hasWindow = windowOf(fn.info.freshness) > 0;
    if (hasWindow) flights.expire(fn, key);
    else this.#fence(fn, key);
    const ended = hasWindow ? cache.expire(fn, key, newId) : cache.forget(fn, key);
    flights.askAgain(fn, key);
    return this.expireDependents(fn, key, ended);
  }

  /** A refresh that no call waits for is not needed any more: a miss will begin the next computation. */
  #fence(fn: FunctionRecord, key: string | undefined): void {
    const { flights, waiters, staleAnswers } = this.#parts;
    staleAnswers.backoffs.end(fn, key);
    forAll(flights.fence(fn, key), (flight) => waiters.abandon(flight));
  }
}

async function both(one: Promise<void>, other: Promise<void>): Promise<void> {
  await one;
  await other;
}
