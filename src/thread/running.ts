/** The computations that run in this thread, by their leases. */

import type { Outcome } from '../protocol.ts';
import { after } from './after.ts';
import { Computation } from './computation.ts';
import { compute, type Work } from './compute.ts';

export class Running {
  readonly #byLease = new Map<number, Computation>();

  get size(): number {
    return this.#byLease.size;
  }

  get(lease: number): Computation | undefined {
    return this.#byLease.get(lease);
  }

  /** Never throws or rejects; waits only if the function does, or what is prepared for it. */
  run(
    lease: number,
    prepare: (computation: Computation) => Work | Promise<Work>,
  ): Outcome | Promise<Outcome> {
    const computation = new Computation(lease);
    this.#byLease.set(lease, computation);
    return after(
      compute(computation, () => prepare(computation)),
      (outcome) => {
        this.#byLease.delete(lease);
        return outcome;
      },
    );
  }
}
