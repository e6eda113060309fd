/**
 * The contract of an eviction policy: which entry goes when room is needed.
 *
 * A policy orders handles, small numbers that name entries, and decides nothing else: it does not
 * know sizes, limits, keys or time. Every operation takes constant time, because each runs on the
 * coordinator's thread. `test/suites/eviction.ts` is what every policy has to pass.
 */

export interface EvictionPolicy {
  /** Handles held. */
  readonly size: number;
  /** Takes in a handle that is not held. Being stored counts as a use. */
  add(handle: number): void;
  /** The entry was asked for and found. */
  touch(handle: number): void;
  /** The entry is gone, for whatever reason; its handle may be added again for another. */
  remove(handle: number): void;
  /** The handle to remove next, still held; `undefined` when there is none. */
  victim(): number | undefined;
}
