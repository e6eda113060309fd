/**
 * Why a value is not there: the one place that is told when an entry goes, or is not kept, and that is
 * asked when a call finds nothing. `report` counts misses by that, `explain` tells it of one key.
 *
 * A table of sets of four cells by the hash of function and key, in which a newer key takes the place of the
 * oldest of its set; so it says of some keys that nothing is known, and never anything wrong but for two keys of
 * one function with the same 32 bits. It grows with what goes, up to a megabyte. With `explain` it has a cell
 * for every key that was computed, not only for those that went.
 *
 * A cell of an evicted entry is a ghost: it has what computing the value took, and how much had been
 * evicted until then. When its key is wanted again, what was evicted since is by how much larger the
 * cache should have been.
 */

import type { MissReason } from '../protocol.ts';

/** Why an entry goes. `replaced` is no departure: there is a newer value. */
export type Leaving = Exclude<MissReason, 'never' | 'code changed' | 'refresh'> | 'replaced';

/** Which limit an entry was evicted for: the pool's `maxSize`, its `max`, or the function's `max`. */
export type Limit = 'maxSize' | 'pool max' | 'max';

/** What is known of a key. */
export interface Departure {
  /** Why its value went or was not kept; `undefined` while there is one. */
  readonly reason: Exclude<Leaving, 'replaced'> | undefined;
  /** It was asked for, and never had a value. */
  readonly isNever: boolean;
  /** By the clock: when that was, or when the value came. */
  readonly at: number;
  /** Why a call found nothing when that happened last. */
  readonly lastMiss: MissReason | undefined;
  /** Of an evicted entry: for which limit, and how much has been evicted for that limit since. */
  readonly limit: Limit | undefined;
  readonly evictedSince: number;
  /** Milliseconds that computing the value took. */
  readonly ms: number;
}

const LEAST_CELLS = 1024;
const MOST_CELLS = 2 ** 15;
const MOST_CELLS_EXPLAINING = 2 ** 17;
/** Cells among which those of a few keys with like hashes find room. */
const SET = 4;

const REASONS = [
  ...['here', 'never', 'expired', 'idle', 'evicted', 'invalidated', 'cleared', 'tag', 'dependency'],
  ...['code changed', 'not kept', 'too large', 'refresh'],
] as readonly ('here' | MissReason)[];
const LIMITS: readonly Limit[] = ['maxSize', 'pool max', 'max'];
const EMPTY = 255;

export class Departures {
  /** Whether keys are remembered whose values have not gone. */
  readonly explains: boolean;
  readonly #now: () => number;
  #cells = emptyCells(LEAST_CELLS);
  #taken = 0;
  /** Cells that were taken from another key: from then on "nothing is known" may mean anything. */
  #lost = 0;
  /** By limit: bytes for `maxSize`, entries for the others. */
  readonly #evicted: Record<Limit, number> = { maxSize: 0, 'pool max': 0, max: 0 };

  constructor(now: () => number, explains = false) {
    this.#now = now;
    this.explains = explains;
  }

  /** Nothing has gone: no key needs to be looked up. */
  get isEmpty(): boolean {
    return this.#taken === 0;
  }

  /** Whether every key that went is known. */
  get isComplete(): boolean {
    return this.#lost === 0;
  }

  /** The entry of a key goes, or its value is not kept. */
  left(fn: number, hash: number, why: Exclude<Leaving, 'replaced'>, ms: number): void {
    this.#write(fn, hash, why, ms);
  }

  /** Its function was cleared at that time, and what is left of the entry goes now. */
  swept(fn: number, hash: number, ms: number, clearedAt: number): void {
    const known = this.#find(fn, hash);
    // Meanwhile there may be a newer one.
    if (known >= 0 && (this.#cells.when[known] as number) > clearedAt) return;
    this.#cells.when[this.#write(fn, hash, 'cleared', ms)] = clearedAt;
  }

  /** @param size bytes for `maxSize`, else 1 */
  evicted(fn: number, hash: number, ms: number, limit: Limit, size: number): void {
    const at = this.#write(fn, hash, 'evicted', ms);
    this.#evicted[limit] += size;
    this.#cells.limits[at] = LIMITS.indexOf(limit);
    this.#cells.evicted[at] = this.#evicted[limit];
  }

  /** There is an entry of the key from now on. */
  came(fn: number, hash: number, ms: number): void {
    if (this.explains || this.#find(fn, hash) >= 0) this.#write(fn, hash, 'here', ms);
  }

  /** A call of the key has found nothing, and why. */
  missed(fn: number, hash: number, why: MissReason): void {
    let at = this.#find(fn, hash);
    if (at < 0 && this.explains) at = this.#write(fn, hash, 'never', 0);
    if (at >= 0) this.#cells.misses[at] = REASONS.indexOf(why);
  }

  of(fn: number, hash: number): Departure | undefined {
    const at = this.#find(fn, hash);
    if (at < 0) return undefined;
    const { reasons, misses, limits, evicted, ms, when } = this.#cells;
    const reason = REASONS[reasons[at] as number];
    const isEvicted = reason === 'evicted';
    const limit = isEvicted ? (LIMITS[limits[at] as number] as Limit) : undefined;
    return {
      reason: reason === 'here' || reason === 'never' ? undefined : (reason as Departure['reason']),
      isNever: reason === 'never',
      at: when[at] as number,
      lastMiss: REASONS[misses[at] as number] as MissReason | undefined,
      limit,
      evictedSince: limit ? this.#evicted[limit] - (evicted[at] as number) : 0,
      ms: ms[at] as number,
    };
  }

  #find(fn: number, hash: number): number {
    const { hashes, functions, reasons } = this.#cells;
    const first = setOf(hash, hashes.length);
    for (let at = first; at < first + SET; at++)
      if (hashes[at] === hash >>> 0 && functions[at] === fn && reasons[at] !== EMPTY) return at;
    return -1;
  }

  #write(fn: number, hash: number, reason: 'here' | MissReason, ms: number): number {
    const known = this.#find(fn, hash);
    const at = known < 0 ? this.#take(hash) : known;
    const cells = this.#cells;
    if (known < 0) cells.misses[at] = EMPTY;
    cells.hashes[at] = hash;
    cells.functions[at] = fn;
    cells.reasons[at] = REASONS.indexOf(reason);
    cells.ms[at] = ms;
    cells.when[at] = this.#now();
    return at;
  }

  /** A cell for another key; grows when half of them are taken, or all of its set. */
  #take(hash: number): number {
    const most = this.explains ? MOST_CELLS_EXPLAINING : MOST_CELLS;
    const isFull = () =>
      this.#taken * 2 >= this.#cells.hashes.length ||
      this.#cells.reasons[this.#emptiest(hash)] !== EMPTY;
    while (isFull() && this.#cells.hashes.length < most) this.#grow();
    const at = this.#emptiest(hash);
    if (this.#cells.reasons[at] === EMPTY) this.#taken++;
    else this.#lost++;
    return at;
  }

  /** Of the set of this hash: a cell that is empty, or that with the oldest news. */
  #emptiest(hash: number): number {
    const { reasons, when } = this.#cells;
    const first = setOf(hash, reasons.length);
    let oldest = first;
    for (let at = first; at < first + SET; at++) {
      if (reasons[at] === EMPTY) return at;
      if ((when[at] as number) < (when[oldest] as number)) oldest = at;
    }
    return oldest;
  }

  #grow(): void {
    const old = this.#cells;
    const { length } = old.hashes;
    const cells = emptyCells(length * 2);
    this.#cells = cells;
    for (let from = 0; from < length; from++) {
      if (old.reasons[from] === EMPTY) continue;
      // One more bit of the hash says which of two sets: no set gets more than it can hold.
      const at = this.#emptiest(old.hashes[from] as number);
      for (const column of COLUMNS) cells[column][at] = old[column][from] as number;
    }
  }
}

const COLUMNS = [
  ...(['hashes', 'functions', 'reasons', 'misses', 'limits', 'evicted', 'ms', 'when'] as const),
];

/** The first cell of the set in which keys of this hash are. */
function setOf(hash: number, cells: number): number {
  return (hash * SET) & (cells - 1);
}

function emptyCells(length: number) {
  return {
    hashes: new Uint32Array(length),
    functions: new Int32Array(length),
    reasons: new Uint8Array(length).fill(EMPTY),
    misses: new Uint8Array(length).fill(EMPTY),
    limits: new Uint8Array(length),
    evicted: new Float64Array(length),
    ms: new Float32Array(length),
    when: new Float64Array(length),
  };
}
