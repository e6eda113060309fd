/**
 * The leases of other processes that calls here wait for. All of a tier's are looked at by one timer:
 * often at first, and less often when what they wait for takes long. How a look is made is the tier's
 * own; a wait also ends when its tier is notified that the lease is over, or when its call has left.
 *
 * Invariant: while there is a wait, a look is planned or under way; and there is never more than one
 * timer.
 */

import type { Clock, Timer } from '../clock.ts';

export interface Wait<T> {
  /** What the tier needs to know of it. */
  readonly of: T;
  readonly over: Promise<void>;
  /** Settles `over`. */
  readonly end: () => void;
}

export interface Looks {
  /** Milliseconds between two looks at a wait: an eighth of the youngest one's age, within these. */
  readonly shortest: number;
  readonly longest: number;
  /** Waits looked at in one event turn. Default: all. */
  readonly step?: number;
  /** Waits looked at in a millisecond, on average. Default: no limit. */
  readonly perMillisecond?: number;
}

/** Looks at some waits, and ends those whose lease is over. */
export type Look<T> = (
  waits: readonly Wait<T>[],
  end: (wait: Wait<T>) => void,
) => void | Promise<void>;

const PART_OF_AGE = 8;
const UNLIMITED = Number.POSITIVE_INFINITY;

export function newWait<T>(of: T): Wait<T> {
  let end = () => {};
  const over = new Promise<void>((resolve) => {
    end = resolve;
  });
  return { of, over, end };
}

export class Waits<T> {
  readonly #clock: Clock;
  readonly #looks: Looks;
  readonly #look: Look<T>;
  /** Those not looked at for longest stand first. */
  readonly #waits = new Set<Wait<T>>();
  /** When the last one was added. */
  #youngest = 0;
  #lookAt = 0;
  #timer: Timer | undefined;

  constructor(clock: Clock, looks: Looks, look: Look<T>) {
    this.#clock = clock;
    this.#looks = looks;
    this.#look = look;
  }

  get size(): number {
    return this.#waits.size;
  }

  [Symbol.iterator](): Iterator<Wait<T>> {
    return this.#waits.values();
  }

  add(wait: Wait<T>): { readonly over: Promise<void>; leave(): void } {
    this.#waits.add(wait);
    this.#youngest = this.#clock.now();
    this.#lookLater();
    return { over: wait.over, leave: () => void this.end(wait) };
  }

  /** @returns whether it was one of these */
  end(wait: Wait<T>): boolean {
    wait.end();
    const wasHere = this.#waits.delete(wait);
    if (this.#waits.size > 0) return wasHere;
    this.#timer?.cancel();
    this.#timer = undefined;
    return wasHere;
  }

  endAll(): void {
    for (const wait of this.#waits) this.end(wait);
  }

  /** Never later than was planned: others may be added all the time. */
  #lookLater(): void {
    const now = this.#clock.now();
    const lookAt = now + this.#pause(now);
    if (this.#timer && this.#lookAt <= lookAt) return;
    this.#timer?.cancel();
    this.#lookAt = lookAt;
    this.#timer = this.#clock.after(lookAt - now, () => this.#lookNow());
  }

  #pause(now: number): number {
    const { shortest, longest, step = UNLIMITED, perMillisecond = UNLIMITED } = this.#looks;
    const every = Math.min(Math.max((now - this.#youngest) / PART_OF_AGE, shortest), longest);
    const steps = Math.max(Math.ceil(this.size / step), 1);
    return Math.max(every / steps, Math.min(this.size, step) / perMillisecond);
  }

  #lookNow(): void {
    // Before anything is awaited: the next look may be planned meanwhile.
    this.#timer = undefined;
    const looked = this.#look(this.#next(), (wait) => void this.end(wait));
    if (looked instanceof Promise) void looked.then(() => this.#goOn());
    else this.#goOn();
  }

  #goOn(): void {
    if (this.size > 0) this.#lookLater();
  }

  /** Those to look at now; they go to the end. */
  #next(): Wait<T>[] {
    const { step = UNLIMITED } = this.#looks;
    const next: Wait<T>[] = [];
    for (const wait of this.#waits) {
      if (next.length === step) break;
      next.push(wait);
    }
    for (const wait of next) {
      this.#waits.delete(wait);
      this.#waits.add(wait);
    }
    return next;
  }
}
