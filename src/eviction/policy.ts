/**
 * The contract of an eviction policy: which entry goes when room is needed.
 *
 * A policy orders handles, small numbers that name entries. What it may know of an entry it asks for
 * when it needs it (`EntryFacts`). Every operation takes constant time, because each runs on the
 * coordinator's thread. `test/suites/eviction.ts` is what every policy has to pass.
 */

export interface EvictionPolicy {
  /** Handles held. */
  readonly size: number;
  /**
   * Whether an entry for which room would have to be made is worth less than what would have to go: it
   * is not to be kept then. A policy may remember that it was asked.
   */
  declines(entry: Candidate): boolean;
  /** Takes in a handle that is not held. Being stored counts as a use. */
  add(handle: number): void;
  /** The entry was used since it was added, touched, or last the victim. */
  touch(handle: number): void;
  /** The entry is gone, for whatever reason but lack of room; its handle may be added again for another. */
  remove(handle: number): void;
  /** The entry has gone to make room: a policy may remember that. */
  evict(handle: number): void;
  /**
   * The handle to evict next, still held; `undefined` when there is none. The caller evicts it, or
   * touches it if it finds that it was used.
   * @param bytes of the entry for which room is made
   */
  victim(bytes: number): number | undefined;
}

/** What is known of an entry that is not held yet; units as in `EntryFacts`. */
export interface Candidate {
  readonly bytes: number;
  readonly cost: number;
  hash(): number;
  readonly msLeft: number;
}

/** What is known of an entry that is held. */
export interface EntryFacts {
  /** Bytes that it takes. */
  bytes(handle: number): number;
  /** Milliseconds that it would take to get the value back. */
  cost(handle: number): number;
  /** 32 bits that follow from its key. */
  hash(handle: number): number;
  /** Milliseconds until it expires; `Infinity` for never, 0 or less when it has. */
  msLeft(handle: number): number;
}

/** What a policy is to keep within. */
export interface Capacity {
  /** Entries; `Infinity` for no limit. */
  readonly max: number;
  /** Bytes; `Infinity` for no limit. */
  readonly maxSize: number;
}
