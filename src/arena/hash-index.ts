/**
 * From a key's hash to its entry: extendible hashing over pages of open addressing.
 *
 * The upper bits of a hash choose a cell of the directory, which has its final size from the start;
 * the cell holds the place of a page. The lower bits choose a slot of the page, where a search goes
 * on slot by slot. A slot is one word: the place of a record, and in the bits that are left over
 * some of its hash, so that few entries are looked at in vain. 0 is an empty slot.
 *
 * A page that gets full is replaced by two, each with the entries whose next bit is the same, and
 * two that get empty by one. So the index grows and shrinks 8 KiB at a time, and a thread sees the
 * old page or the new ones, both right. (A table that doubles would need both for a long while, and
 * readers that look in two places.) Removing moves the following slots up instead of leaving a
 * mark: searches stay short for ever, at the price that a thread which searches there at that very
 * moment can miss an entry.
 */

import { directoryAt, type Layout, movesAt } from './layout.ts';
import { type Log, Stream } from './log.ts';
import type { PackedKey } from './packed-key.ts';
import {
  DEPTH,
  FIRST_CELL,
  FUNCTION_AT,
  GENERATION,
  HASH,
  inlineBytes,
  KEY,
  Kind,
  keyWord,
  PAGE_WORDS,
  pageBytes,
  SHAPE,
  shapeOf,
  TAGGED,
  TAKEN,
  termsOf,
} from './record.ts';
import { tagsHold } from './terms.ts';
import type { Views } from './views.ts';

export class HashIndex {
  readonly #memory: Views;
  readonly #log: Log;
  readonly #layout: Layout;
  readonly #mask: number;
  readonly #unitMask: number;

  constructor(memory: Views, layout: Layout, log: Log) {
    this.#memory = memory;
    this.#layout = layout;
    this.#log = log;
    this.#mask = (1 << layout.pageBits) - 1;
    this.#unitMask = (1 << layout.unitBits) - 1;
  }

  /** The unit of the entry with this key, 0 for none. */
  find(fn: number, generation: number, hash: number, key: PackedKey): number {
    const page = this.#pageOf(hash);
    if (page === 0) return 0;
    const tag = this.#tag(hash);
    for (let at = hash & this.#mask; ; at = (at + 1) & this.#mask) {
      const slot = this.#memory.get(page + at);
      if (slot === 0) return 0;
      if ((slot ^ tag) >>> this.#layout.unitBits !== 0) continue;
      const unit = slot & this.#unitMask;
      if (this.#isAt(unit * 2, fn, generation, hash, key)) return unit;
    }
  }

  #isAt(record: number, fn: number, generation: number, hash: number, key: PackedKey): boolean {
    const memory = this.#memory;
    return (
      memory.get(record + HASH) === hash &&
      memory.get(record + SHAPE) >> FUNCTION_AT === fn &&
      memory.get(record + GENERATION) === generation &&
      memory.get(record + KEY) === key.length &&
      key.equals(memory.words, record + keyWord(inlineBytes(memory, record))) &&
      ((memory.get(record + SHAPE) & TAGGED) === 0 ||
        tagsHold(memory.words, termsOf(memory, record)))
    );
  }

  /** Sees to it that an entry of this hash can be inserted; false when there is no room for that. */
  prepare(hash: number): boolean {
    let page = this.#pageOf(hash);
    if (page === 0) {
      page = this.#create(0, 0);
      if (page === 0) return false;
      this.#publish(page);
    }
    const slots = this.#mask + 1;
    // Four fifths; when there is no room for more pages, as many as leave an end to every search.
    if (this.#taken(page) < slots - (slots * 3) / 16 || this.#split(page)) return true;
    return this.#taken(page) < slots - slots / 16;
  }

  /**
   * An entry of this hash has no place, because too many others have hashes that begin alike: the unit
   * of one of those; 0 when there is another reason, or none.
   */
  crowding(hash: number): number {
    const page = this.#pageOf(hash);
    const slots = this.#mask + 1;
    const canSplit = page === 0 || this.#depth(page) < this.#layout.directoryBits;
    if (canSplit || this.#taken(page) < slots - slots / 16) return 0;
    let at = hash & this.#mask;
    while (this.#memory.get(page + at) === 0) at = (at + 1) & this.#mask;
    return this.#memory.get(page + at) & this.#unitMask;
  }

  /** Publishes an entry: from now on, threads find it. */
  insert(hash: number, unit: number): void {
    const page = this.#pageOf(hash);
    let at = hash & this.#mask;
    while (this.#memory.get(page + at) !== 0) at = (at + 1) & this.#mask;
    this.#memory.publish(page + at, this.#tag(hash) | unit);
    this.#count(page, 1);
  }

  /** The entry has been copied to another place. */
  replace(hash: number, unit: number, by: number): void {
    const page = this.#pageOf(hash);
    this.#memory.publish(page + this.#slotOf(page, hash, unit), this.#tag(hash) | by);
  }

  /** Unlinks an entry. */
  remove(hash: number, unit: number): void {
    const page = this.#pageOf(hash);
    let hole = this.#slotOf(page, hash, unit);
    this.#beginOrEndMoves();
    for (let at = (hole + 1) & this.#mask; ; at = (at + 1) & this.#mask) {
      const slot = this.#memory.get(page + at);
      if (slot === 0) break;
      const home = this.#hashIn(slot) & this.#mask;
      // It may move up, unless the hole is above where its search begins.
      if (((at - home) & this.#mask) < ((at - hole) & this.#mask)) continue;
      this.#memory.publish(page + hole, slot);
      hole = at;
    }
    this.#memory.publish(page + hole, 0);
    this.#beginOrEndMoves();
    this.#count(page, -1);
    if (this.#taken(page) % 16 === 0) this.#merge(page);
  }

  #beginOrEndMoves(): void {
    this.#memory.publish(movesAt, (this.#memory.get(movesAt) + 1) | 0);
  }

  /** True when the page in this record is in use. */
  isPage(record: number): boolean {
    const cell = directoryAt + this.#memory.get(record + FIRST_CELL);
    return this.#memory.get(cell) === record + PAGE_WORDS;
  }

  /** A page has been copied to here. */
  pageMoved(record: number): void {
    this.#publish(record + PAGE_WORDS);
  }

  #pageOf(hash: number): number {
    return this.#memory.get(directoryAt + (hash >>> (32 - this.#layout.directoryBits)));
  }

  /** The bits of a slot that are not the place: those of the hash above the slot's own number. */
  #tag(hash: number): number {
    return (hash >>> this.#layout.pageBits) << this.#layout.unitBits;
  }

  #hashIn(slot: number): number {
    return this.#memory.get((slot & this.#unitMask) * 2 + HASH);
  }

  #slotOf(page: number, hash: number, unit: number): number {
    const sought = this.#tag(hash) | unit;
    let at = hash & this.#mask;
    while (this.#memory.get(page + at) !== sought) at = (at + 1) & this.#mask;
    return at;
  }

  #depth(page: number): number {
    return this.#memory.get(page - PAGE_WORDS + DEPTH);
  }

  #firstCell(page: number): number {
    return this.#memory.get(page - PAGE_WORDS + FIRST_CELL);
  }

  #taken(page: number): number {
    return this.#memory.get(page - PAGE_WORDS + TAKEN);
  }

  #count(page: number, by: number): void {
    this.#memory.set(page - PAGE_WORDS + TAKEN, this.#taken(page) + by);
  }

  /** An empty page that no reader sees yet, 0 when there is no room. */
  #create(firstCell: number, depth: number): number {
    const at = this.#log.allocate(pageBytes(this.#layout), Stream.fresh);
    if (at === 0) return 0;
    const page = at / 4 + PAGE_WORDS;
    this.#memory.set(at / 4 + FIRST_CELL, firstCell);
    this.#memory.set(at / 4 + SHAPE, shapeOf(Kind.page));
    this.#memory.set(at / 4 + DEPTH, depth);
    this.#memory.set(at / 4 + TAKEN, 0);
    this.#memory.words.fill(0, page, page + this.#mask + 1);
    return page;
  }

  #discard(page: number): void {
    this.#log.kill((page - PAGE_WORDS) * 4, pageBytes(this.#layout));
  }

  #publish(page: number): void {
    const first = directoryAt + this.#firstCell(page);
    const end = first + (1 << (this.#layout.directoryBits - this.#depth(page)));
    for (let cell = first; cell < end; cell++) this.#memory.publish(cell, page);
  }

  #split(page: number): boolean {
    const depth = this.#depth(page);
    if (depth === this.#layout.directoryBits) return false;
    const cell = this.#firstCell(page);
    const low = this.#create(cell, depth + 1);
    if (low === 0) return false;
    const high = this.#create(cell + (1 << (this.#layout.directoryBits - depth - 1)), depth + 1);
    if (high === 0) {
      this.#discard(low);
      return false;
    }
    this.#spread(page, low, high, 31 - depth);
    this.#publish(low);
    this.#publish(high);
    this.#discard(page);
    return true;
  }

  /** Makes one page of two when both are nearly empty. */
  #merge(page: number): void {
    const depth = this.#depth(page);
    if (depth === 0 || this.#taken(page) > (this.#mask + 1) / 8) return;
    const span = 1 << (this.#layout.directoryBits - depth);
    const cell = this.#firstCell(page);
    const other = this.#memory.get(directoryAt + (cell ^ span));
    const both = this.#taken(page) + this.#taken(other);
    if (this.#depth(other) !== depth || both > (this.#mask + 1) / 3) return;
    const merged = this.#create(cell & ~span, depth - 1);
    if (merged === 0) return;
    this.#spread(page, merged, merged, 0);
    this.#spread(other, merged, merged, 0);
    this.#publish(merged);
    this.#discard(page);
    this.#discard(other);
  }

  /** Copies the slots of a page to two that no reader sees yet, by a bit of the hash. */
  #spread(page: number, low: number, high: number, bit: number): void {
    for (let i = 0; i <= this.#mask; i++) {
      const slot = this.#memory.get(page + i);
      if (slot === 0) continue;
      const hash = this.#hashIn(slot);
      const to = (hash >>> bit) & 1 ? high : low;
      let at = hash & this.#mask;
      while (this.#memory.get(to + at) !== 0) at = (at + 1) & this.#mask;
      this.#memory.set(to + at, slot);
      this.#count(to, 1);
    }
  }
}
