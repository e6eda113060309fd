/** The computations that run in this thread, by their leases. */

import type { Outcome, TraceContext } from '../protocol.ts';
import { after } from './after.ts';
import type { Awaiting } from './awaiting.ts';
import { Computation } from './computation.ts';
import { compute, type Work } from './compute.ts';

export class Running {
  readonly #byLease = new Map<number, Computation>();
  readonly #occupant: Int32Array;
  readonly #began: (lease: number) => void;
  readonly #awaiting: Awaiting | undefined;

  /**
   * @param occupant, @param awaiting see {@link Computation}
   * @param began told when a function with a `hardTimeout` is about to be called
   */
  constructor(
    occupant: Int32Array,
    awaiting?: Awaiting,
    began: (lease: number) => void = () => {},
  ) {
    this.#occupant = occupant;
    this.#began = began;
    this.#awaiting = awaiting;
  }

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
    context?: TraceContext,
  ): Outcome | Promise<Outcome> {
    const computation = new Computation(lease, this.#occupant, this.#awaiting, context);
    this.#byLease.set(lease, computation);
    return after(
      compute(computation, () => prepare(computation), this.#began),
      (outcome) => {
        this.#byLease.delete(lease);
        return outcome;
      },
    );
  }
}
