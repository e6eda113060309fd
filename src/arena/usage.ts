/**
 * What `pool.stats()` says of memory. Like `inspection.ts` this file imports nothing: users' compilers
 * read it, and what it names would be published with it.
 */

/** Where the bytes of the arena are. `keys` to `free` add up to `used`. */
export interface ArenaUsage {
  readonly entries: number;
  readonly keys: number;
  readonly values: number;
  /** Headers, alignment, index and handles. */
  readonly bookkeeping: number;
  /** Not collected yet. */
  readonly dead: number;
  /** In segments that are held and can be written to, the table of handles included. */
  readonly free: number;
  /** Never more than `maxSize`. */
  readonly used: number;
  /**
   * What the system has given us: the most that was ever used of the arena, which cannot be given
   * back, and the buffers of large values. More than `maxSize` only when large values have taken
   * the place of small ones.
   */
  readonly resident: number;
}

/** The copies that threads keep of values that they have read. */
export interface NearUsage {
  readonly entries: number;
  /** An estimate. */
  readonly bytes: number;
}
