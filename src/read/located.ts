/**
 * The bytes of large values that this thread was sent, or has made, by the entry they are of.
 *
 * A large value lies beside the arena, in shared memory that only a message brings to a thread. Once
 * it was here, the thread finds the entry in the arena and reads it from this memory, without a
 * message. What is held here lives on when its entry is gone: so it counts toward the near cache's
 * limits, and what is very large is held only as long as other code in the thread holds it.
 */

import type { Encoded } from '../protocol.ts';
import { queueMicrotask } from '../runtime/globals.ts';
import { viewOf } from '../values/shared.ts';
import { WeakValues } from '../values/weak-values.ts';
import { ENTRY_BYTES, NearCache, type NearLimits } from './near-cache.ts';

/** Bytes of the largest value that is held in any case. */
export const LARGEST_HELD = 2 ** 22;
/** Most bytes that get a weak reference in one job. */
const MOST_IN_A_JOB = 2 ** 26;

interface Held {
  readonly view: Uint8Array;
  readonly bytes: number;
}

export class Located {
  readonly #held: NearCache<number, Held>;
  readonly #weak = new WeakValues<Uint8Array>();
  /** Since this job has begun. */
  #weakBytes = 0;

  constructor(limits: NearLimits) {
    this.#held = new NearCache(limits);
  }

  get(entry: number): Uint8Array | undefined {
    return this.#held.get(entry)?.view ?? this.#weak.get(entry);
  }

  /** Remembers bytes in shared memory, unless they are known; the view of them. */
  add(entry: number, encoded: Encoded): Uint8Array {
    const known = this.get(entry);
    if (known) return known;
    const view = viewOf(encoded);
    const bytes = view.byteLength;
    if (bytes > LARGEST_HELD) this.#addWeakly(entry, view);
    else this.#held.set(entry, { view, bytes: ENTRY_BYTES + bytes });
    return view;
  }

  /** A new weak reference is a strong one until the job ends, which in a blocked thread may be late. */
  #addWeakly(entry: number, view: Uint8Array): void {
    if (this.#weakBytes > MOST_IN_A_JOB) return;
    if (this.#weakBytes === 0) {
      queueMicrotask(() => {
        this.#weakBytes = 0;
      });
    }
    this.#weakBytes += view.byteLength;
    this.#weak.set(entry, view);
  }
}
