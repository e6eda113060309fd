/**
 * How long work of one kind may take, all of it the same time.
 *
 * Time is counted in ticks, five to the limit, and only those that this thread has seen: a thread that
 * was busy, or a machine that slept, does not take what arrived meanwhile for late. There is one timer
 * for all that is under way, which runs only while something is.
 */

import { type Clock, Pending } from '../clock.ts';
import { type Link, LinkedList } from '../order/linked-list.ts';

const TICKS = 5;

interface Wait {
  /** The tick at which it began. */
  readonly at: number;
  readonly late: () => void;
  /** Its place in the order; none once it is over. */
  link: Link<Wait> | undefined;
}

export class Patience {
  readonly #clock: Clock;
  readonly #tick: number;
  /** The process lives as long as something may still be answered in time. */
  readonly #pending: Pending;
  readonly #waits = new LinkedList<Wait>();
  #ticks = 0;
  #isTicking = false;

  /** @param limit milliseconds; what is late is noticed after that, and before a fifth more */
  constructor(clock: Clock, limit: number) {
    this.#clock = clock;
    this.#tick = Math.max(1, limit / TICKS);
    this.#pending = new Pending(clock);
  }

  /**
   * Something begins, and `late` is called once unless it ends in time.
   * @returns to be called when it ends; false when it was late
   */
  begin(late: () => void): () => boolean {
    const wait: Wait = { at: this.#ticks, late, link: undefined };
    wait.link = this.#waits.pushBack(wait);
    this.#pending.begin();
    this.#tickLater();
    return () => this.#end(wait);
  }

  #end(wait: Wait): boolean {
    if (!wait.link) return false;
    this.#waits.remove(wait.link);
    wait.link = undefined;
    this.#pending.end();
    return true;
  }

  #tickLater(): void {
    if (this.#isTicking) return;
    this.#isTicking = true;
    this.#clock.after(this.#tick, () => {
      this.#isTicking = false;
      this.#ticks++;
      this.#endLate();
      if (this.#waits.size > 0) this.#tickLater();
    });
  }

  /** They stand in the order in which they began. The first tick of each was not a whole one. */
  #endLate(): void {
    for (let first = this.#waits.front; first; first = this.#waits.front) {
      if (this.#ticks - first.at <= TICKS) return;
      this.#end(first);
      first.late();
    }
  }
}
