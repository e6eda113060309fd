/**
 * Which threads are on shift, and when a shift is over.
 *
 * A shift begins once a thread was given to us and has said hello, whichever comes last. It ends when
 * the thread had nothing to do at two looks: it may be about to be handed something at the first, and
 * to begin a shift costs more than to go on with one. The thread may answer that it stays, because
 * something is open in it; then it is on shift again.
 *
 * Invariant: a shift that has begun is ended once, by a look or by the thread's death, and the thread
 * is told to rest only by a look.
 */

import type { Clock } from '../clock.ts';
import type { Peer } from '../coordinator/flight.ts';
import { queueMicrotask } from '../runtime/globals.ts';
import type { ThreadPeer } from './thread-peer.ts';

export interface ShiftEvents {
  shiftBegins(peer: Peer): void;
  /** It will be told to rest, or has died. */
  shiftEnds(peer: Peer): void;
}

/** A shift ends after two looks at a thread that has nothing to do. */
const LOOK_MS = 10;
/** The same while all are busy, so that long computations leave the coordinator's thread alone. */
const LOOK_AT_BUSY_MS = 50;

interface Shift {
  /** `undefined` until its hello. */
  peer: ThreadPeer | undefined;
  begun: boolean;
  /** When we looked last. */
  wasIdle: boolean;
}

export class Shifts {
  readonly #clock: Clock;
  readonly #events: ShiftEvents;
  /** By the threads' ids. */
  readonly #shifts = new Map<number, Shift>();
  /** How many of them have begun. */
  #begun = 0;
  #lookAhead = false;

  constructor(clock: Clock, events: ShiftEvents) {
    this.#clock = clock;
    this.#events = events;
  }

  /** Threads on shift, or about to be. */
  get count(): number {
    return this.#shifts.size;
  }

  has({ threadId }: ThreadPeer): boolean {
    return this.#shifts.has(threadId);
  }

  /** Threads on shift. */
  get begun(): number {
    return this.#begun;
  }

  /** Threads whose shift is about to begin: they are being woken, or have not said hello. */
  get coming(): number {
    return this.#shifts.size - this.#begun;
  }

  /** The thread is ours for a shift. It may be too early: `peer` is `undefined` before its hello. */
  give(threadId: number, peer: ThreadPeer | undefined): void {
    const shift = { peer, begun: false, wasIdle: false };
    this.#shifts.set(threadId, shift);
    // Not at once: Piscina is in the middle of something.
    queueMicrotask(() => this.#begin(shift));
  }

  /** It has said hello. */
  arrived(peer: ThreadPeer): void {
    const shift = this.#shifts.get(peer.threadId);
    if (!shift) return;
    shift.peer = peer;
    this.#begin(shift);
  }

  /** It was told to rest, and stays. */
  stays(peer: ThreadPeer): void {
    const shift = { peer, begun: false, wasIdle: false };
    this.#shifts.set(peer.threadId, shift);
    this.#begin(shift);
  }

  end(peer: ThreadPeer): void {
    const shift = this.#shifts.get(peer.threadId);
    if (!shift) return;
    this.#shifts.delete(peer.threadId);
    if (!shift.begun) return;
    this.#begun--;
    this.#events.shiftEnds(peer);
  }

  /** Threads that have not sent their hello; the shifts of those that never will are dropped. */
  early(): number[] {
    return [...this.#shifts].filter(([, { peer }]) => !peer).map(([threadId]) => threadId);
  }

  drop(threadId: number): void {
    this.#shifts.delete(threadId);
  }

  /** It may be too early, or done already, and it may have ended again. */
  #begin(shift: Shift): void {
    const { peer, begun } = shift;
    if (!peer || begun || this.#shifts.get(peer.threadId) !== shift) return;
    shift.begun = true;
    this.#begun++;
    this.#events.shiftBegins(peer);
    this.#lookLater();
  }

  #lookLater(): void {
    if (this.#lookAhead) return;
    this.#lookAhead = true;
    const isAnyIdle = [...this.#shifts.values()].some(({ peer }) => isIdle(peer));
    this.#clock.after(isAnyIdle ? LOOK_MS : LOOK_AT_BUSY_MS, () => {
      this.#lookAhead = false;
      for (const shift of this.#shifts.values()) this.#look(shift);
      if (this.#shifts.size > 0) this.#lookLater();
    });
  }

  #look(shift: Shift): void {
    const { peer, wasIdle } = shift;
    shift.wasIdle = isIdle(peer);
    if (!peer || !wasIdle || !shift.wasIdle) return;
    this.end(peer);
    peer.post({ type: 'rest' });
  }
}

function isIdle(peer: ThreadPeer | undefined): boolean {
  return peer?.leases.size === 0 && peer.calls.size === 0;
}
