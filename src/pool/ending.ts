/**
 * How threads are told that their pool closes, so that they run their exit handlers: to terminate a
 * thread runs none. Each is waited for, for a bounded time, because one that computes without
 * returning to its event loop does not read that it was told.
 */

import type { Clock } from '../clock.ts';
import type { ThreadPeer } from './thread-peer.ts';

/** Milliseconds for a thread that computes nothing, and for one that does. */
const IDLE_LIMIT = 5000;
const BUSY_LIMIT = 500;

export class Ending {
  readonly #clock: Clock;
  readonly #waits = new Map<ThreadPeer, () => void>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Settles when the thread has run its handlers, has died, or is late. */
  tell(peer: ThreadPeer): Promise<void> {
    return new Promise((resolve) => {
      const late = this.#clock.after(peer.leases.size > 0 ? BUSY_LIMIT : IDLE_LIMIT, () =>
        this.over(peer),
      );
      this.#waits.set(peer, () => {
        late.cancel();
        resolve();
      });
      peer.post({ type: 'end' });
    });
  }

  over(peer: ThreadPeer): void {
    const resolve = this.#waits.get(peer);
    this.#waits.delete(peer);
    resolve?.();
  }
}
