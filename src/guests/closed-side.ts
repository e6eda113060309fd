/** The side of a thread whose pool was closed, and that was not attached to another one since. */

import type { Call } from '../call/call.ts';
import type { RemoteSide, Sight } from '../call/side.ts';
import { NOTHING_FOUND } from '../coordinator/nothing-found.ts';
import { PoolClosedError } from '../errors.ts';
import type { Explanation, FunctionStats } from '../protocol.ts';
import { dateNow } from '../runtime/globals.ts';

export class ClosedSide implements RemoteSide {
  readonly kind = 'closed';
  readonly closed = true;
  readonly #former: RemoteSide;

  /** @param former where computations may still go on. */
  constructor(former: RemoteSide) {
    this.#former = former;
  }

  signal(): AbortSignal | undefined {
    return this.#former.signal();
  }

  async call(): Promise<never> {
    throw closed();
  }

  fork(): Promise<never> {
    return this.call();
  }

  sync(): never {
    throw closed();
  }

  find(): Sight {
    return { state: 'missed' };
  }

  date(): number {
    return dateNow();
  }

  peek(call: Call): undefined {
    void call.key;
  }

  async invalidate(call: Call): Promise<void> {
    void call.key;
  }

  async set(): Promise<never> {
    throw closed();
  }

  async expire(call: Call): Promise<void> {
    void call.key;
  }

  async clear(): Promise<void> {}

  async invalidateTags(): Promise<void> {}

  async expireTags(): Promise<void> {}

  async explain(call: Call): Promise<Explanation> {
    void call.key;
    return NOTHING_FOUND;
  }

  stats(): FunctionStats {
    throw closed();
  }
}

function closed(): PoolClosedError {
  return new PoolClosedError('the pool that this thread was attached to was closed');
}
