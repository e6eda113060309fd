/**
 * What a thread has sent, read as fast as it comes, but no more than a few milliseconds of
 * it in one turn of the event loop.
 *
 * An event for each message costs more than what it says, so the first one's event reads on. In a
 * flood that is not enough to give way: Node goes on with a thousand events in the same turn, and each
 * may find a few messages more.
 *
 * Invariant: all readings of one turn together stay within one budget. When that is spent, what comes
 * by events is only put down, until the next turn; likewise after a message whose handling has thrown,
 * which leaves the others to be read.
 */

import type { Channel } from '../call/channel.ts';
import { type Clock, systemClock } from '../clock.ts';
import type { ToCoordinator } from '../protocol.ts';

/** Messages that are handled in one turn. */
export const MOST_AT_ONCE = 100;
/** And milliseconds: what one message asks for may take long. */
export const MOST_MS = 4;
/** The same for all threads of a pool together. */
const MOST_MS_OF_ALL = 8;

/** Milliseconds in one turn for each of so many threads. */
export function shareOf(threads: number): number {
  return Math.min(MOST_MS, MOST_MS_OF_ALL / threads);
}

export class Inbox<Message extends object = ToCoordinator> {
  readonly #channel: Pick<Channel, 'listen' | 'take'>;
  readonly #hear: (message: Message) => void;
  readonly #clock: Clock;
  /** Came by events, in their order; so before what is still in the channel. */
  readonly #early: Message[] = [];
  #next = 0;
  readonly #mostMs: number;
  /** A turn in which something was read; the next one begins by itself. */
  #isTurn = false;
  /** What is left of its budget: messages, and the time at which it ends. */
  #left = 0;
  #end = 0;
  /** The turn's budget is spent. */
  #isSpent = false;
  #drained: (() => void) | undefined;

  constructor(
    channel: Pick<Channel, 'listen' | 'take'>,
    hear: (message: Message) => void,
    clock: Clock = systemClock,
    mostMs = MOST_MS,
  ) {
    this.#channel = channel;
    this.#hear = hear;
    this.#clock = clock;
    this.#mostMs = mostMs;
    channel.listen((message) => {
      this.#early.push(message as Message);
      if (!this.#isSpent) this.#read();
    });
  }

  /** The other end has gone: `done` once all that came is handled, before the thread counts as dead. */
  drain(done: () => void): void {
    this.#drained = done;
    if (!this.#isSpent) this.#read();
  }

  /** The next message that is there, taken out. */
  next(): Message | undefined {
    return this.#take() ?? (this.#channel.take()?.message as Message | undefined);
  }

  /** What has come and was not read, in its order; it is read later. */
  unread(): readonly Message[] {
    for (let got = this.#channel.take(); got; got = this.#channel.take())
      this.#early.push(got.message as Message);
    // No event brings what was taken.
    this.#clock.soon(() => {
      if (!this.#isSpent) this.#read();
    });
    return this.#early.slice(this.#next);
  }

  #read(): void {
    this.#beginTurn();
    this.#isSpent = true;
    if (!this.#readSome()) return;
    this.#isSpent = false;
    this.#isEmpty();
  }

  /** True when there was no more. */
  #readSome(): boolean {
    while (this.#left > 0) {
      const message = this.next();
      if (!message) return true;
      this.#left--;
      this.#hear(message);
      if (this.#clock.now() >= this.#end) this.#left = 0;
    }
    return false;
  }

  #beginTurn(): void {
    if (this.#isTurn) return;
    this.#isTurn = true;
    this.#left = MOST_AT_ONCE;
    this.#end = this.#clock.now() + this.#mostMs;
    this.#clock.soon(() => {
      this.#isTurn = false;
      if (this.#isSpent) this.#read();
    });
  }

  #isEmpty(): void {
    const drained = this.#drained;
    this.#drained = undefined;
    drained?.();
  }

  #take(): Message | undefined {
    const message = this.#early[this.#next];
    if (message) this.#next++;
    else if (this.#next > 0) {
      this.#early.length = 0;
      this.#next = 0;
    }
    return message;
  }
}
