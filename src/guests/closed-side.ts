/** The side of a thread whose pool was closed, and that was not attached to another one since. */

import type { Call } from '../call/call.ts';
import type { Definition } from '../call/registry.ts';
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

  async call({ definition }: Call): Promise<never> {
    throw closed(definition);
  }

  fork(call: Call): Promise<never> {
    return this.call(call);
  }

  sync({ definition }: Call): never {
    throw closed(definition);
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

  async set({ definition }: Call): Promise<never> {
    throw closed(definition);
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

  stats(definition: Definition): FunctionStats {
    throw closed(definition);
  }
}

function closed({ info }: Definition): PoolClosedError {
  const what = 'the pool that this thread was attached to was closed';
  return new PoolClosedError(what, { functionId: info.id });
}
