/**
 * Which entry goes when there is no room? Each entry is in the order of use of the whole pool, and in
 * its function's own where the function's `max` needs one.
 *
 * Entries that are kept for errors alone come before all orders (`kept-for-errors.ts`).
 *
 * Threads mark what they use in shared memory, without a message. So an order of use is corrected when
 * a victim is wanted: an entry that was marked since counts as used just now.
 */

import type { Entries, Handle, NewEntry } from '../arena/entries.ts';
import type { ArenaWriter } from '../arena/writer.ts';
import type { Clock } from '../clock.ts';
import {
  type Eviction,
  type PolicyParts,
  policyOf,
  policyOfFunction,
} from '../eviction/policies.ts';
import type { Candidate, Capacity, EvictionPolicy } from '../eviction/policy.ts';
import type { Departures } from './departures.ts';
import type { FunctionRecord } from './function-record.ts';
import { KeptForErrors } from './kept-for-errors.ts';

/** Marked entries that one search for a victim passes by: well below a millisecond of work. */
const MOST_MARKED = 500;

export interface VictimsParts {
  readonly arena: ArenaWriter;
  readonly clock: Clock;
  /** Default: by cost. */
  readonly eviction?: Eviction | undefined;
  /** Of the whole pool. */
  readonly capacity: Capacity;
  /** Told why an entry goes. Default: nothing is. */
  readonly departures?: Departures;
  /** The function of an entry, by its number. */
  readonly functionOf: (number: number) => FunctionRecord;
  /** Called for an entry that was expired at that time, instead of its removal. Default: it is removed. */
  readonly expired?: (handle: Handle, at: number) => void;
}

export class Victims {
  readonly #arena: ArenaWriter;
  readonly #entries: Entries;
  readonly #clock: Clock;
  readonly #functionOf: (number: number) => FunctionRecord;
  readonly #parts: PolicyParts;
  readonly #all: EvictionPolicy;
  readonly #keptForErrors: KeptForErrors;
  /** By number, of the functions whose `max` needs one. */
  readonly #policies: (EvictionPolicy | undefined)[] = [];

  constructor({ arena, clock, eviction = 'cost', capacity, functionOf }: VictimsParts) {
    this.#arena = arena;
    const { entries } = arena;
    this.#entries = entries;
    this.#clock = clock;
    this.#functionOf = functionOf;
    const facts = {
      bytes: (handle: Handle) => entries.bytesTaken(handle),
      cost: (handle: Handle) => this.#msBack(entries.fn(handle), entries.cost(handle)),
      hash: (handle: Handle) => entries.hash(handle),
      msLeft: (handle: Handle) => this.#msLeft(entries.expiresAt(handle)),
    };
    this.#parts = { eviction, facts, now: () => clock.now() };
    this.#all = policyOf(this.#parts, capacity);
    this.#keptForErrors = new KeptForErrors({
      now: () => clock.now(),
      bytes: facts.bytes,
      freshUntil: (handle) => entries.freshUntil(handle),
      capacity,
    });
  }

  /** Entries in the order of the pool. */
  get size(): number {
    return this.#all.size;
  }

  add(fn: FunctionRecord, handle: Handle): void {
    this.#all.add(handle);
    this.#policyOf(fn)?.add(handle);
    this.#keptForErrors.add(fn, handle);
  }

  /** The entry was used. */
  touch(handle: Handle): void {
    this.#all.touch(handle);
    this.#policies[this.#entries.fn(handle)]?.touch(handle);
  }

  /** The entry goes: to make room, or for any other reason. */
  take(handle: Handle, why: 'evict' | 'remove'): void {
    const fn = this.#entries.fn(handle);
    this.#all[why](handle);
    this.#policies[fn]?.[why](handle);
    this.#keptForErrors.remove(this.#functionOf(fn), handle);
  }

  /** Whether the new entry is worth less than what would have to go for it. */
  declines({ fn, key, expiresAt, cost }: NewEntry, bytes: number): boolean {
    if (this.#keptForErrors.first !== undefined) return false;
    const candidate: Candidate = {
      bytes,
      cost: this.#msBack(fn, cost),
      msLeft: this.#msLeft(expiresAt),
      hash: () => this.#arena.hashOf(fn, key),
    };
    return this.#all.declines(candidate);
  }

  /** The next one to go, for so many bytes; `undefined` when there is no entry. */
  next(bytes: number): Handle | undefined {
    return this.#keptForErrors.first ?? this.#unmarked(this.#all, bytes);
  }

  /** The same of one function's entries; `undefined` while it has fewer than its `max`. */
  nextOf(fn: FunctionRecord, bytes: number): Handle | undefined {
    const policy = this.#policyOf(fn);
    return policy && policy.size >= fn.info.max ? this.#unmarked(policy, bytes) : undefined;
  }

  #unmarked(policy: EvictionPolicy, bytes: number): Handle | undefined {
    const now = () => this.#clock.now();
    for (let left = MOST_MARKED; left > 0; left--) {
      const victim = policy.victim(bytes);
      if (victim === undefined || !this.#entries.takeMark(victim, now)) return victim;
      this.touch(victim);
    }
    return policy.victim(bytes);
  }

  #policyOf(fn: FunctionRecord): EvictionPolicy | undefined {
    const { max } = fn.info;
    if (!Number.isFinite(max)) return undefined;
    this.#policies[fn.number] ??= policyOfFunction(this.#parts, max);
    return this.#policies[fn.number];
  }

  /**
   * Milliseconds to get a value back that took so long to compute: a tier that has answered with values
   * of the function has this one, too, and may be sooner asked.
   */
  #msBack(fn: number, computing: number): number {
    return Math.min(computing, this.#functionOf(fn).readMs);
  }

  #msLeft(expiresAt: number): number {
    return expiresAt === Number.POSITIVE_INFINITY ? expiresAt : expiresAt - this.#clock.now();
  }
}
