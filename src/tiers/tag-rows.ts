/**
 * Tags in a tier: which generation each has. A record carries the generations of its tags under which it
 * was stored; when one has another now, or none, the record is a miss.
 *
 * The generation of a tag is a *row*: a record like any, of a function that none has. So a tier need not
 * know of tags. To invalidate a tag is to delete its row, which reaches other processes where deleting
 * does, and is owed where it fails (`owed.ts`): however many records have the tag, none is touched. A row that was lost costs
 * computations.
 *
 * What another process computed meanwhile must not be stored under the next generation. So a new row with the
 * date is put in the place of the deleted one, and what began before that date elsewhere is not stored.
 * (What began here is known better, see `tag-log.ts`.) Dates are those of the processes' clocks. A row from
 * the future, of a clock that is ahead, counts only where nothing else notifies this process.
 *
 * A process that finds no row writes one, and this may come over another process's that was put there meanwhile. So an
 * invalidation first writes its date into a second row, which nothing else writes. A process that
 * has begun a row reads that one afterwards. If it is not there yet, the invalidation puts its own row over the one that was begun.
 *
 * A row is 8 bytes of who has written it, 4 that count, and the date: so none ever comes again.
 *
 * Invariant: in this process, what is done to one row is done in the order in which it was asked for. So
 * a row that was begun before an invalidation is gone after it, and one that is begun later has its date.
 */

import { randomBytes } from 'node:crypto';
import type { Clock } from '../clock.ts';
import { Codec } from '../protocol.ts';
import { KeyOrder } from './key-order.ts';
import type { Marked, TierRecord } from './tier.ts';

/** The id of the function that rows are records of. */
export const TAG_ROWS = 'threadmemo#tags';

const WRITER_BYTES = 8;
const DATE_AT = WRITER_BYTES + 4;
const ROW_BYTES = DATE_AT + 8;
/** Milliseconds by which clocks differ at the most, if they are right. */
const AHEAD = 5000;

/** What a record that is to be stored has, and since when it was under way. */
export interface Tagged {
  readonly marks: readonly string[];
  /** By the clock of this process, in milliseconds since 1970. */
  readonly since: number;
}

/** The tier, as far as rows need it. What fails has been counted, and is `undefined`. */
export interface RowStore {
  /** It notifies this process of what others delete. */
  readonly notifies: boolean;
  get(key: string): Promise<TierRecord | undefined>;
  getNow(key: string): TierRecord | undefined | 'later';
  /** False if it was not stored. */
  set(key: string, record: TierRecord): Promise<boolean>;
  forget(key: string): Promise<void>;
}

interface Row {
  readonly generation: Uint8Array;
  readonly ended?: Uint8Array | undefined;
}

export class TagRows {
  readonly #store: RowStore;
  readonly #clock: Clock;
  readonly #order = new KeyOrder();
  readonly #writer = randomBytes(WRITER_BYTES);
  #count = 0;

  constructor(store: RowStore, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  /** Whether all have the generations that they had. */
  async areCurrent(tags: readonly Marked[]): Promise<boolean> {
    const current = tags.map(async ({ name, generation }) =>
      isSame(rowOf(await this.#store.get(keyOfRow(name))), generation),
    );
    return (await Promise.all(current)).every(Boolean);
  }

  /** The same at once, where the tier can tell. */
  areCurrentNow(tags: readonly Marked[]): boolean | 'later' {
    for (const { name, generation } of tags) {
      const row = this.#store.getNow(keyOfRow(name));
      if (row === 'later') return row;
      if (!isSame(rowOf(row), generation)) return false;
    }
    return true;
  }

  /**
   * The generations to store a record under; `'forgotten'` when one of its tags was invalidated since it was
   * begun, and `undefined` when they cannot be had.
   */
  async mark({ marks, since }: Tagged): Promise<readonly Marked[] | 'forgotten' | undefined> {
    const rows = await Promise.all(marks.map((mark) => this.#rowFor(mark)));
    const tags: Marked[] = [];
    for (const [at, row] of rows.entries()) {
      if (!row) return undefined;
      const { generation, ended } = row;
      if (this.#isAfter(generation, since)) return 'forgotten';
      if (ended && this.#isAfter(ended, since)) return 'forgotten';
      tags.push({ name: marks[at] as string, generation });
    }
    return tags;
  }

  /**
   * The tag was invalidated at this date. Settles when no record with it is found any more. Never
   * rejects.
   */
  forget(mark: string, date: number): Promise<void> {
    const key = keyOfRow(mark);
    return this.#order.run(TAG_ROWS, key, async () => {
      await this.#store.set(keyOfEnd(mark), recordOf(this.#newRow(date)));
      await this.#store.forget(key);
      await this.#store.set(key, recordOf(this.#newRow(date)));
    });
  }

  /** The one that there is, or else another one from now on, and the last invalidation before that. */
  #rowFor(mark: string): Promise<Row | undefined> {
    const key = keyOfRow(mark);
    return this.#order.run(TAG_ROWS, key, async () => {
      const present = rowOf(await this.#store.get(key));
      if (present) return { generation: present };
      const generation = this.#newRow(Number.NEGATIVE_INFINITY);
      if (!(await this.#store.set(key, recordOf(generation)))) return undefined;
      return { generation, ended: rowOf(await this.#store.get(keyOfEnd(mark))) };
    });
  }

  #isAfter(row: Uint8Array, since: number): boolean {
    const bytes = Buffer.from(row);
    if (bytes.subarray(0, WRITER_BYTES).equals(this.#writer)) return false;
    const date = bytes.readDoubleLE(DATE_AT);
    if (!this.#store.notifies) return date >= since;
    return date > since && date <= this.#clock.date() + AHEAD;
  }

  #newRow(date: number): Uint8Array {
    const row = Buffer.alloc(ROW_BYTES);
    this.#writer.copy(row);
    row.writeUInt32LE(++this.#count >>> 0, WRITER_BYTES);
    row.writeDoubleLE(date, DATE_AT);
    return new Uint8Array(row);
  }
}

export function keyOfRow(mark: string): string {
  return `${TAG_ROWS}(${mark})`;
}

/** No mark begins like this. */
function keyOfEnd(mark: string): string {
  return keyOfRow(`-${mark}`);
}

function recordOf(row: Uint8Array): TierRecord {
  const value = { codec: Codec.uint8array, bytes: row };
  return { value, expiresAt: Number.POSITIVE_INFINITY, ms: 0 };
}

/** A copy; `undefined` for what is none. */
function rowOf(record: TierRecord | undefined): Uint8Array | undefined {
  const bytes = record?.value?.bytes;
  return bytes instanceof Uint8Array && bytes.length === ROW_BYTES
    ? new Uint8Array(bytes)
    : undefined;
}

function isSame(row: Uint8Array | undefined, generation: Uint8Array): boolean {
  return row !== undefined && Buffer.from(row).equals(generation);
}
