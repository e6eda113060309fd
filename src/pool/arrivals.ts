/**
 * Calls of the coordinator's own thread, on their way to the coordinator.
 *
 * A call comes on its caller's stack, which may be nearly full, and a step of the coordinator that
 * ran out of it would be left half done. So a call is only put down here, and is taken in a microtask,
 * where the stack is empty. It is taken at once where a thread is free for it, because its caller may
 * go on for long, or where many have come; but only if the stack has room, and since looking takes
 * a good part of what a call takes, few of those that come one after another look.
 *
 * Invariant: calls are taken in the order in which they came, and before any other step that this
 * thread asks of the coordinator: `flush` comes first.
 */

import type { Clock } from '../clock.ts';
import { queueMicrotask } from '../runtime/globals.ts';
import { hasHeadroom } from '../runtime/headroom.ts';

/** So many look whether they can be taken at once, in so many milliseconds. */
const LOOKS = 8;
const LOOKS_MS = 10;
/** So many are taken at once in any case: below a millisecond of work. */
const MANY = 64;

export class Arrivals<Call> {
  readonly #clock: Clock;
  readonly #take: (call: Call) => void;
  readonly #isThreadFree: () => boolean;
  #waiting: Call[] = [];
  #isAhead = false;
  #looks = LOOKS;
  #looksSince = 0;

  /** @param take never throws */
  constructor(clock: Clock, take: (call: Call) => void, isThreadFree: () => boolean) {
    this.#clock = clock;
    this.#take = take;
    this.#isThreadFree = isThreadFree;
  }

  /** What it throws, on a full stack, it throws before it has put the call down. */
  add(call: Call): void {
    if (!this.#isAhead) queueMicrotask(this.#flushLater);
    this.#isAhead = true;
    this.#waiting.push(call);
    if ((this.#mayLook() || this.#waiting.length % MANY === 0) && hasHeadroom()) this.flush();
  }

  /** On an empty stack, or where there is room. */
  flush(): void {
    const calls = this.#waiting;
    if (calls.length === 0) return;
    this.#waiting = [];
    for (const call of calls) this.#take(call);
  }

  readonly #flushLater = (): void => {
    this.#isAhead = false;
    this.flush();
  };

  #mayLook(): boolean {
    if (this.#looks === 0) {
      // Not for each of those that come together.
      if (this.#waiting.length > 1) return false;
      const now = this.#clock.now();
      if (now - this.#looksSince < LOOKS_MS) return false;
      this.#looksSince = now;
      this.#looks = LOOKS;
    }
    if (!this.#isThreadFree()) return false;
    this.#looks--;
    return true;
  }
}
