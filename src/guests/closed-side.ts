/** The side of a thread whose pool was closed, and that was not attached to another one since. */

import type { RemoteSide, Sight } from '../call/side.ts';
import { PoolClosedError } from '../errors.ts';
import type { FunctionStats } from '../protocol.ts';
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

  peek(): undefined {}

  async invalidate(): Promise<void> {}

  async set(): Promise<never> {
    throw closed();
  }

  async expire(): Promise<void> {}

  async clear(): Promise<void> {}

  async invalidateTags(): Promise<void> {}

  async expireTags(): Promise<void> {}

  async explain(): Promise<never> {
    throw closed();
  }

  stats(): FunctionStats {
    throw closed();
  }
}

function closed(): PoolClosedError {
  return new PoolClosedError('the pool that this thread was attached to was closed');
}
