/**
 * Entries of about one value in one queue: first in, first out, in constant time for all of them.
 *
 * A class is a rounded power of two. Its queue is a ring of links that lie in two arrays at the place
 * of the handle, with a link of the class itself as the end; stamps have 16 bits and wrap.
 */

/** Enough for values between a nanosecond for a gigabyte and years for a byte. */
const CLASSES = 128;
/** The class of the value 1. */
const MIDDLE = 72;
/** What a safe head counts less: whatever the classes, it comes after those that are not. */
const SAFE = 1e-150;

export class ValueQueues {
  #size = 0;
  /** Links of classes come first, then those of handles. */
  #next = ends(1024);
  #before = ends(1024);
  #stamps = new Uint16Array(1024);
  #classes = new Uint8Array(1024);
  /** What an age counts, by class. */
  readonly #weights: Float64Array;
  /** By class: the head's handle and stamp, together in the processor's cache for `least`. */
  readonly #heads = new Int32Array(CLASSES);
  readonly #headStamps = new Uint16Array(CLASSES);
  /** The classes that have entries, in any order, and where each stands among them. */
  readonly #used: number[] = [];
  readonly #place = new Int16Array(CLASSES).fill(-1);

  /** @param exponent an entry of twice the value stays `2 ** exponent` times as long */
  constructor(exponent: number) {
    this.#weights = Float64Array.from(
      { length: CLASSES },
      (_, each) => 2 ** (exponent * (MIDDLE - each)),
    );
  }

  get size(): number {
    return this.#size;
  }

  /** To the end of the queue of its value. */
  add(handle: number, value: number, stamp: number): void {
    const each = classOf(value);
    const link = handle + CLASSES;
    const last = this.#before[each] as number;
    this.#next[last] = link;
    this.#before[link] = last;
    this.#next[link] = each;
    this.#before[each] = link;
    this.#classes[handle] = each;
    this.#stamps[handle] = stamp;
    if (last === each) {
      this.#place[each] = this.#used.push(each) - 1;
      this.#lead(each, handle, stamp);
    }
    this.#size++;
  }

  remove(handle: number): void {
    const link = handle + CLASSES;
    const [before, next] = [this.#before[link] as number, this.#next[link] as number];
    this.#next[before] = next;
    this.#before[next] = before;
    if (before === next) this.#empty(this.#classes[handle] as number);
    else if (before < CLASSES) {
      const head = next - CLASSES;
      this.#lead(before, head, this.#stamps[head] as number);
    }
    this.#size--;
  }

  #lead(each: number, handle: number, stamp: number): void {
    this.#heads[each] = handle;
    this.#headStamps[each] = stamp;
  }

  stampOf(handle: number): number {
    return this.#stamps[handle] as number;
  }

  /**
   * The head for which `age ÷ value ** exponent` is greatest; heads whose age is below `safe` come
   * after all others.
   */
  least(clock: number, safe: number): number | undefined {
    let victim: number | undefined;
    let worst = -1;
    for (const each of this.#used) {
      const score = this.#score(each, this.#ageOfHead(each, clock), safe);
      if (score <= worst) continue;
      worst = score;
      victim = each;
    }
    return victim === undefined ? undefined : this.#heads[victim];
  }

  /** Whether an entry of this value and age would be it, were it here. */
  isLess(value: number, age: number, clock: number, safe: number): boolean {
    const score = this.#score(classOf(value), age, safe);
    return this.#used.every(
      (each) => score > this.#score(each, this.#ageOfHead(each, clock), safe),
    );
  }

  #ageOfHead(each: number, clock: number): number {
    return (clock - (this.#headStamps[each] as number)) & 0xffff;
  }

  #score(each: number, age: number, safe: number): number {
    const weight = (age + 0.5) * (this.#weights[each] as number);
    return age < safe ? weight * SAFE : weight;
  }

  grow(length: number): void {
    this.#next = enlarged(this.#next, new Int32Array(length + CLASSES));
    this.#before = enlarged(this.#before, new Int32Array(length + CLASSES));
    this.#stamps = enlarged(this.#stamps, new Uint16Array(length));
    this.#classes = enlarged(this.#classes, new Uint8Array(length));
  }

  #empty(each: number): void {
    const place = this.#place[each] as number;
    const last = this.#used.pop() as number;
    this.#place[each] = -1;
    if (last === each) return;
    this.#used[place] = last;
    this.#place[last] = place;
  }
}

function classOf(value: number): number {
  const power = Math.round(Math.log2(value)) + MIDDLE;
  return Math.max(0, Math.min(CLASSES - 1, power));
}

/** Each class is the end of a queue of its own. */
function ends(length: number): Int32Array<ArrayBuffer> {
  return Int32Array.from({ length: length + CLASSES }, (_, at) => (at < CLASSES ? at : 0));
}

function enlarged<T extends Int32Array | Uint16Array | Uint8Array>(from: T, to: T): T {
  to.set(from);
  return to;
}
