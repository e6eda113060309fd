/**
 * By measured cost: the victim is the entry whose loss costs least processor time a byte.
 *
 * ## What it does
 *
 * The value of an entry is `uses × cost ÷ bytes`: what it would take to get it back, times how often it
 * was wanted, for each byte that it takes. Entries of about one value (a power of two) are a class and
 * wait in one queue (`value-queues.ts`), stamped with the time at which they were queued. Time is
 * counted in what has been added since, as shares of the cache, so that it stands still when nothing
 * has to go. The victim is the head of the queue where `age ÷ value^2.8` is greatest: an entry of twice
 * the value stays seven times as long. A head that was used meanwhile gains a use and is queued anew;
 * an evicted one leaves its uses behind (`ghosts.ts`), because a key that comes back was undervalued.
 *
 * An entry is safe while it is in the window, the last twentieth of what was added: it had no time to
 * be used yet. Where recency is all that counts, a twentieth is too little, and the window grows to up
 * to three tenths: `window.ts` compares what was lost by a small one with what it has gained.
 *
 * An entry that expires before the cache has been filled once more is worth as much less.
 *
 * ## Why this one
 *
 * It is Greedy-Dual-Size-Frequency (Cherkasova 1998) in what it values, and it has the queues by value
 * of CAMP (Ghandeharizadeh and others 2014), but neither's inflation: there an entry ages in proportion
 * to its value, here with the power of it, which is the one great lever (a mean cost-miss ratio of 0.39
 * instead of 0.45 over our traces; least recently used leaves 0.67). There is no heap, no sampling and
 * no sketch; a hit is the mark that readers leave anyway. docs/eviction.md has what was compared.
 *
 * ## What it costs
 *
 * 16 bytes up to the power of two above the highest handle: 8 of links, 2 of time, 1 each of uses and class, and a ghost of 4.
 * A victim is the best of as many heads as there are classes, some twenty to forty.
 */

import { Ghosts } from './ghosts.ts';
import type { Candidate, Capacity, EntryFacts, EvictionPolicy } from './policy.ts';
import { ValueQueues } from './value-queues.ts';
import { UNITS, Window } from './window.ts';

/** How much longer an entry of twice the value stays, as a power of two. */
const EXPONENT = 2.8;
/** Milliseconds: a cost that the clock could not see. */
const LEAST_COST = 1e-6;
const MOST_USES = 255;

export class ByCost implements EvictionPolicy {
  readonly #facts: EntryFacts;
  readonly #capacity: Capacity;
  readonly #now: () => number;
  readonly #queues = new ValueQueues(EXPONENT);
  readonly #ghosts = new Ghosts();
  readonly #window = new Window();
  #uses = new Uint8Array(1024);
  /** In units of the window: what was added so far. */
  #clock = 0;
  /** Milliseconds in which the cache is filled once more, lately; and when that was last seen. */
  #turnoverMs = 0;
  #turnedAt: number;

  /** @param now milliseconds, for how long filling the cache takes beside an entry's `msLeft` */
  constructor(facts: EntryFacts, capacity: Capacity, now: () => number) {
    this.#facts = facts;
    this.#capacity = capacity;
    this.#now = now;
    this.#turnedAt = now();
  }

  get size(): number {
    return this.#queues.size;
  }

  declines(entry: Candidate): boolean {
    const share = this.#shareOf(entry.bytes);
    if (share < this.#window.units) return false;
    const hash = entry.hash();
    const uses = Math.min((this.#ghosts.usesOf(hash) ?? 0) + 1, MOST_USES);
    const value = this.#valueOf(uses, entry);
    const now = Math.floor(this.#clock + share);
    const isLess = this.#queues.isLess(value, Math.floor(share), now, this.#window.units);
    if (isLess) this.#ghosts.leave(hash, uses, Math.floor(this.#clock) & 0xffff);
    return isLess;
  }

  add(handle: number): void {
    if (handle >= this.#uses.length) this.#grow(handle);
    const cost = this.#facts.cost(handle);
    this.#window.added(cost);
    const ghost = this.#ghosts.take(this.#facts.hash(handle), Math.floor(this.#clock));
    if (ghost) this.#window.lost(ghost.age, cost);
    this.#uses[handle] = Math.min((ghost?.uses ?? 0) + 1, MOST_USES);
    this.#queue(handle);
    this.#tick(this.#facts.bytes(handle));
  }

  touch(handle: number): void {
    const uses = this.#uses[handle] as number;
    this.#window.gained(this.#age(this.#queues.stampOf(handle)), uses, this.#facts.cost(handle));
    this.#queues.remove(handle);
    if (uses < MOST_USES) this.#uses[handle] = uses + 1;
    this.#queue(handle);
  }

  remove(handle: number): void {
    this.#queues.remove(handle);
  }

  evict(handle: number): void {
    const [uses, stamp] = [this.#uses[handle] as number, this.#queues.stampOf(handle)];
    this.#ghosts.leave(this.#facts.hash(handle), uses, stamp);
    this.#queues.remove(handle);
  }

  victim(bytes: number): number | undefined {
    const now = Math.floor(this.#clock + this.#shareOf(bytes));
    return this.#queues.least(now, this.#window.units);
  }

  #queue(handle: number): void {
    const facts = this.#facts;
    const value = this.#valueOf(this.#uses[handle] as number, {
      bytes: facts.bytes(handle),
      cost: facts.cost(handle),
      msLeft: facts.msLeft(handle),
    });
    this.#queues.add(handle, value, Math.floor(this.#clock));
  }

  #valueOf(uses: number, { bytes, cost, msLeft }: Omit<Candidate, 'hash'>): number {
    const room = Number.isFinite(this.#capacity.maxSize) ? bytes : 1;
    const value = (uses * Math.max(cost, LEAST_COST)) / room;
    return msLeft < this.#turnoverMs ? (value * Math.max(msLeft, 0)) / this.#turnoverMs : value;
  }

  #age(stamp: number): number {
    return (Math.floor(this.#clock) - stamp) & 0xffff;
  }

  #shareOf(bytes: number): number {
    const { max, maxSize } = this.#capacity;
    return UNITS * Math.max(bytes / maxSize, 1 / max);
  }

  /** An entry was added: that is a share of the cache's bytes, or of its entries. */
  #tick(bytes: number): void {
    const before = Math.floor(this.#clock / UNITS);
    this.#clock += this.#shareOf(bytes);
    if (Math.floor(this.#clock / UNITS) === before) return;
    this.#window.forgetHalf();
    const now = this.#now();
    this.#turnoverMs = now - this.#turnedAt;
    this.#turnedAt = now;
  }

  /** Copies 12 bytes a handle: a million of them take some milliseconds. */
  #grow(handle: number): void {
    const length = 2 ** Math.ceil(Math.log2(handle + 1));
    const larger = new Uint8Array(length);
    larger.set(this.#uses);
    this.#uses = larger;
    this.#queues.grow(length);
    this.#ghosts.grow(length);
  }
}
