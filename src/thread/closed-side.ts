/** The side of a thread whose pool was closed, and that was not attached to another one since. */

import { PoolClosedError } from '../errors.ts';
import type { FunctionStats } from '../protocol.ts';
import type { Side } from '../side.ts';

export class ClosedSide implements Side {
  readonly inPool = false;
  readonly closed = true;
  readonly #former: Side;

  /** @param former where computations may still go on. */
  constructor(former: Side) {
    this.#former = former;
  }

  signal(): AbortSignal | undefined {
    return this.#former.signal?.();
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

  peek(): undefined {}

  async invalidate(): Promise<void> {}

  async clear(): Promise<void> {}

  stats(): FunctionStats {
    throw closed();
  }
}

function closed(): PoolClosedError {
  return new PoolClosedError('the pool that this thread was attached to was closed');
}
