/**
 * The contract of an eviction policy: which entry goes when room is needed.
 *
 * A policy orders the items it was given and decides nothing else: it does not know sizes, limits,
 * keys or time. Every operation takes constant time, because each runs on the coordinator's thread.
 * `test/suites/eviction.ts` is what every policy has to pass.
 */

/** A policy's own note of one item; opaque to everybody else. */
export type Handle = object;

export interface EvictionPolicy<Item> {
  /** Items held. */
  readonly size: number;
  /** Takes an item in. Being stored counts as a use. */
  add(item: Item): Handle;
  /** The item was asked for and found. */
  touch(handle: Handle): void;
  /** The item is gone, for whatever reason; its handle is not used again. */
  remove(handle: Handle): void;
  /** The item to remove next, still held; `undefined` when there is none. */
  victim(): Item | undefined;
}
