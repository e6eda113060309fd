/**
 * The leases of others that somebody here waits for: all are looked at by one timer, often at
 * first, and less often when what they wait for takes long.
 *
 * A look is a read of memory, of about a microsecond, and writes nothing. Other processes could
 * tell, by a socket each, but then they would have to find each other, and to be awake.
 */

import type { Clock, Timer } from '../../clock.ts';

/** Milliseconds between two looks at a wait: an eighth of its age, within these. */
const SHORTEST = 2;
const LONGEST = 50;
const PART_OF_AGE = 8;
/** Looked at in one event turn, and in a millisecond on average: a few hundredths of the time. */
const STEP = 250;
const A_MILLISECOND = 25;

interface Wait {
  readonly isOver: () => boolean;
  readonly end: () => void;
}

export class Waits {
  readonly #clock: Clock;
  /** Those not looked at for longest stand first. */
  readonly #waits = new Set<Wait>();
  /** When the last one was added. */
  #youngest = 0;
  #lookAt = 0;
  #timer: Timer | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  add(isOver: () => boolean): { readonly over: Promise<void>; leave(): void } {
    let end = () => {};
    const over = new Promise<void>((resolve) => {
      end = resolve;
    });
    const wait: Wait = { isOver, end };
    this.#waits.add(wait);
    this.#youngest = this.#clock.now();
    this.#lookAgain();
    return { over, leave: () => this.#end(wait) };
  }

  endAll(): void {
    for (const wait of this.#waits) this.#end(wait);
  }

  #end(wait: Wait): void {
    this.#waits.delete(wait);
    wait.end();
    if (this.#waits.size > 0) return;
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #look(): void {
    this.#timer = undefined;
    for (const wait of first(this.#waits, STEP)) {
      if (wait.isOver()) {
        this.#end(wait);
      } else {
        this.#waits.delete(wait);
        this.#waits.add(wait);
      }
    }
    if (this.#waits.size > 0) this.#lookAgain();
  }

  /** Never later than was planned: others may be added all the time. */
  #lookAgain(): void {
    const now = this.#clock.now();
    const age = now - this.#youngest;
    const every = Math.min(Math.max(age / PART_OF_AGE, SHORTEST), LONGEST);
    const { size } = this.#waits;
    const steps = Math.ceil(size / STEP);
    const pause = Math.max(every / steps, Math.min(size, STEP) / A_MILLISECOND);
    if (this.#timer && this.#lookAt <= now + pause) return;
    this.#timer?.cancel();
    this.#lookAt = now + pause;
    this.#timer = this.#clock.after(pause, () => this.#look());
  }
}

function first<T>(set: ReadonlySet<T>, count: number): T[] {
  const found: T[] = [];
  for (const each of set) {
    if (found.length === count) break;
    found.push(each);
  }
  return found;
}
