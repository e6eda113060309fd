/**
 * What do others choose? SIEVE, S3-FIFO, GDSF and Hyperbolic, behind the contract of our own policies
 * and with the same marks: written for clarity, with no care for memory or time.
 */
import { ByCost } from '../../src/eviction/by-cost.ts';
import { LeastRecentlyUsed } from '../../src/eviction/lru.ts';
import type { EntryFacts, EvictionPolicy } from '../../src/eviction/policy.ts';
import type { MakePolicy } from './simulate.ts';

export const contestants: Readonly<Record<string, MakePolicy>> = {
  LRU: () => new LeastRecentlyUsed(),
  SIEVE: () => new Sieve(),
  'S3-FIFO': (facts, maxSize) => new S3Fifo(facts, maxSize),
  Hyperbolic: (facts) => new Hyperbolic(facts),
  GDSF: (facts) => new GreedyDual(facts),
  threadmemo: (facts, maxSize, now) =>
    new ByCost(facts, { max: Number.POSITIVE_INFINITY, maxSize }, now),
};

/** Nothing is declined, and nothing remembered of what has gone. */
abstract class Plain implements EvictionPolicy {
  abstract readonly size: number;
  abstract add(handle: number): void;
  abstract touch(handle: number): void;
  abstract remove(handle: number): void;
  abstract victim(): number | undefined;

  declines(): boolean {
    return false;
  }

  evict(handle: number): void {
    this.remove(handle);
  }
}

/** Zhang and others 2024: a hand moves from the oldest to the newest, and spares in place what has a mark. */
class Sieve extends Plain {
  /** Oldest first. */
  readonly #order = new Map<number, number>();
  #hand: Iterator<number> = this.#order.keys();
  #at: number | undefined;

  get size(): number {
    return this.#order.size;
  }

  add(handle: number): void {
    this.#order.set(handle, handle);
  }

  touch(): void {
    this.#at = undefined;
  }

  remove(handle: number): void {
    this.#order.delete(handle);
    if (this.#at === handle) this.#at = undefined;
  }

  victim(): number | undefined {
    if (this.size === 0) return undefined;
    if (this.#at === undefined) {
      const next = this.#hand.next();
      if (next.done) this.#hand = this.#order.keys();
      this.#at = next.done ? (this.#hand.next().value as number) : next.value;
    }
    return this.#at;
  }
}

/** Yang and others 2023: a small queue for what is new, a main one for what was used, and a ghost. */
class S3Fifo extends Plain {
  readonly #facts: EntryFacts;
  readonly #maxSize: number;
  readonly #small = new Map<number, number>();
  readonly #main = new Map<number, number>();
  /** Hashes, oldest first. */
  readonly #ghosts = new Set<number>();
  #smallBytes = 0;

  constructor(facts: EntryFacts, maxSize: number) {
    super();
    this.#facts = facts;
    this.#maxSize = maxSize;
  }

  get size(): number {
    return this.#small.size + this.#main.size;
  }

  add(handle: number): void {
    if (this.#ghosts.delete(this.#facts.hash(handle))) this.#main.set(handle, 0);
    else {
      this.#small.set(handle, 0);
      this.#smallBytes += this.#facts.bytes(handle);
    }
  }

  /** Found with a mark at the head: on to the main queue, or to its end. */
  touch(handle: number): void {
    this.remove(handle);
    this.#main.set(handle, 0);
  }

  remove(handle: number): void {
    if (this.#small.delete(handle)) this.#smallBytes -= this.#facts.bytes(handle);
    this.#main.delete(handle);
  }

  override evict(handle: number): void {
    if (this.#small.has(handle)) this.#ghosts.add(this.#facts.hash(handle));
    this.remove(handle);
    const [oldest] = this.#ghosts;
    if (this.#ghosts.size > this.#main.size + 10 && oldest !== undefined)
      this.#ghosts.delete(oldest);
  }

  victim(): number | undefined {
    const isFull = this.#smallBytes >= this.#maxSize / 10 || this.#main.size === 0;
    const queue = isFull && this.#small.size > 0 ? this.#small : this.#main;
    return queue.keys().next().value;
  }
}

/** Blankstein and others 2017, with costs: uses × cost ÷ bytes ÷ age, the least of 64 taken at random. */
class Hyperbolic extends Plain {
  readonly #facts: EntryFacts;
  readonly #handles: number[] = [];
  readonly #places = new Map<number, { place: number; uses: number; since: number }>();
  #added = 0;
  #random = 7;

  constructor(facts: EntryFacts) {
    super();
    this.#facts = facts;
  }

  get size(): number {
    return this.#handles.length;
  }

  add(handle: number): void {
    const place = this.#handles.push(handle) - 1;
    this.#places.set(handle, { place, uses: 1, since: this.#added++ });
  }

  touch(handle: number): void {
    const known = this.#places.get(handle);
    if (known) known.uses++;
  }

  remove(handle: number): void {
    const known = this.#places.get(handle);
    const last = this.#handles.pop();
    this.#places.delete(handle);
    if (!known || last === undefined || last === handle) return;
    this.#handles[known.place] = last;
    const moved = this.#places.get(last);
    if (moved) moved.place = known.place;
  }

  victim(): number | undefined {
    let victim: number | undefined;
    let least = Number.POSITIVE_INFINITY;
    for (let sample = 0; sample < 64 && this.size > 0; sample++) {
      this.#random = (Math.imul(this.#random, 1664525) + 1013904223) >>> 0;
      const handle = this.#handles[Math.floor((this.#random / 2 ** 32) * this.size)] as number;
      const { uses, since } = this.#places.get(handle) as { uses: number; since: number };
      const age = this.#added - since + 1;
      const worth = (uses * this.#facts.cost(handle)) / this.#facts.bytes(handle) / age;
      if (worth >= least) continue;
      least = worth;
      victim = handle;
    }
    return victim;
  }
}

/** Cherkasova 1998: uses × cost ÷ bytes, and what the last victim had; the least of a heap. */
class GreedyDual extends Plain {
  readonly #facts: EntryFacts;
  readonly #heap: number[] = [];
  readonly #places = new Map<number, number>();
  readonly #worth = new Map<number, number>();
  readonly #uses = new Map<number, number>();
  #inflation = 0;

  constructor(facts: EntryFacts) {
    super();
    this.#facts = facts;
  }

  get size(): number {
    return this.#heap.length;
  }

  add(handle: number): void {
    this.#uses.set(handle, 1);
    this.#worth.set(handle, this.#worthOf(handle));
    this.#up(this.#heap.push(handle) - 1);
  }

  touch(handle: number): void {
    this.#uses.set(handle, (this.#uses.get(handle) as number) + 1);
    this.#worth.set(handle, this.#worthOf(handle));
    this.#down(this.#places.get(handle) as number);
  }

  override evict(handle: number): void {
    this.#inflation = this.#worth.get(handle) as number;
    this.remove(handle);
  }

  remove(handle: number): void {
    const place = this.#places.get(handle) as number;
    const last = this.#heap.pop() as number;
    this.#places.delete(handle);
    if (last === handle) return;
    this.#put(place, last);
    this.#up(place);
    this.#down(this.#places.get(last) as number);
  }

  victim(): number | undefined {
    return this.#heap[0];
  }

  #worthOf(handle: number): number {
    const { cost, bytes } = this.#facts;
    return this.#inflation + ((this.#uses.get(handle) as number) * cost(handle)) / bytes(handle);
  }

  #at(place: number): number {
    const handle = this.#heap[place];
    return handle === undefined ? Number.POSITIVE_INFINITY : (this.#worth.get(handle) as number);
  }

  #put(place: number, handle: number): void {
    this.#heap[place] = handle;
    this.#places.set(handle, place);
  }

  #up(start: number): void {
    let place = start;
    const handle = this.#heap[place] as number;
    const worth = this.#worth.get(handle) as number;
    while (place > 0 && this.#at((place - 1) >> 1) > worth) {
      this.#put(place, this.#heap[(place - 1) >> 1] as number);
      place = (place - 1) >> 1;
    }
    this.#put(place, handle);
  }

  #down(start: number): void {
    let place = start;
    const handle = this.#heap[place] as number;
    const worth = this.#worth.get(handle) as number;
    for (;;) {
      const left = 2 * place + 1;
      const child = this.#at(left + 1) < this.#at(left) ? left + 1 : left;
      if (this.#at(child) >= worth) break;
      this.#put(place, this.#heap[child] as number);
      place = child;
    }
    this.#put(place, handle);
  }
}
