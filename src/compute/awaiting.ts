/**
 * Tells the coordinator which computations of this thread await something that is no memoized call: a
 * timer, a socket. It hands the thread more work meanwhile, see `queue.ts`.
 *
 * A computation is looked at in the turn of the event loop after its function has returned a promise,
 * and after each turn in which its last nested call was answered. If it is still open then, and waits
 * for no call, it awaits something else. So a computation that ends without I/O costs no message, and
 * those that start together cost one.
 */

import { setImmediate } from '../runtime/globals.ts';

export interface MayAwait {
  readonly lease: number;
  /** It waits for a nested call, of which the coordinator knows. */
  readonly isWaiting: boolean;
  /** Milliseconds: the longest that it has kept its thread so far. */
  readonly stretchMs: number;
}

export class Awaiting {
  readonly #tell: (leases: number[]) => void;
  readonly #candidates = new Set<MayAwait>();
  #lookAhead = false;

  /** @param tell takes `lease, stretch` of each computation that awaits, one after the other */
  constructor(tell: (leases: number[]) => void) {
    this.#tell = tell;
  }

  /** To be called again when its stretch has become long. */
  consider(computation: MayAwait): void {
    this.#candidates.add(computation);
    if (this.#lookAhead) return;
    this.#lookAhead = true;
    setImmediate(() => this.#look());
  }

  ended(computation: MayAwait): void {
    this.#candidates.delete(computation);
  }

  #look(): void {
    this.#lookAhead = false;
    const leases = [];
    for (const { lease, isWaiting, stretchMs } of this.#candidates)
      if (!isWaiting) leases.push(lease, stretchMs);
    this.#candidates.clear();
    if (leases.length > 0) this.#tell(leases);
  }
}
