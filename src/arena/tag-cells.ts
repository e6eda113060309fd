/**
 * Tags in the arena: each has a cell, which is the version of a handle that names no entry. An entry with
 * tags is alive while the cells of all of them say what they said when it was stored. So an invalidation is
 * one store, whatever has the tag, and every reader sees it at its next look.
 *
 * Exact: a cell is one tag's until its last entry has gone. When it is given back its handle may name an
 * entry, or be another tag's cell. It never says the same again, because what it says is the version of
 * the entry that was stored when it was made, and no two of a turn are alike.
 *
 * The entries of a tag are a list, linked in the words behind each tag of an entry's terms (`terms.ts`),
 * which no reader reads. So the dead ones are swept without a look at others.
 *
 * An entry whose tag was *expired* is as dead for readers, but may be stored again as a stale one when it is
 * swept: unless another of its tags, or the same one, was invalidated.
 *
 * What a cell takes is counted: its handle in the arena, its name beside it.
 */

import type { Entries, Handle } from './entries.ts';
import { type HandleTable, versionAt } from './handle-table.ts';
import { NONE } from './log.ts';
import { NEXT, PREVIOUS, TAGS, tagWord, termsOf } from './record.ts';
import type { TagMark } from './terms.ts';
import type { Views } from './views.ts';

/** About what a cell takes beside the arena, its name's characters apart. */
const CELL_BYTES = 200;

interface Cell extends TagMark {
  readonly mark: string;
  readonly handle: Handle;
  /** The first of its entries. */
  first: Handle;
  entries: number;
  /** When it was expired, by the clock; not when it was invalidated, then or later. */
  expiredAt: number | undefined;
}

export class TagCells {
  readonly #memory: Views;
  readonly #top: number;
  readonly #handles: HandleTable;
  readonly #entries: Entries;
  /** What the cells take beside the arena has changed. */
  readonly #changed: () => void;
  readonly #byMark = new Map<string, Cell>();
  /** The same cells, by their words. */
  readonly #byWord = new Map<number, Cell>();
  /** Those that were invalidated and have entries yet, by word and generation. */
  readonly #dead = new Map<string, Cell>();
  /** Those of them that were only expired, by their tag. */
  readonly #expired = new Map<string, Set<Cell>>();

  constructor(
    memory: Views,
    top: number,
    handles: HandleTable,
    entries: Entries,
    changed: () => void,
  ) {
    this.#memory = memory;
    this.#top = top;
    this.#handles = handles;
    this.#entries = entries;
    this.#changed = changed;
  }

  /**
   * The cells of these tags, for an entry of this version that is to be stored next; `undefined` when there
   * is no room for one. They stay while an entry has them: `drop` those that none has got.
   */
  take(marks: readonly string[], version: number): readonly TagMark[] | undefined {
    const cells: TagMark[] = [];
    for (const mark of marks) {
      const cell = this.#byMark.get(mark) ?? this.#create(mark, version);
      if (!cell) {
        this.drop(marks);
        return undefined;
      }
      cells.push(cell);
    }
    return cells;
  }

  /** Gives back those of these that no entry has. */
  drop(marks: readonly string[]): void {
    for (const mark of marks) {
      const cell = this.#byMark.get(mark);
      if (cell?.entries === 0) this.#remove(cell);
    }
  }

  /** The entry was stored with its tags. */
  link(handle: Handle): void {
    const { words } = this.#memory;
    const terms = termsOf(this.#memory, this.#entries.recordOf(handle));
    const count = words[terms + TAGS] as number;
    for (let nth = 0; nth < count; nth++) {
      const at = tagWord(terms, nth);
      const cell = this.#byWord.get(words[at] as number);
      if (!cell) throw new Error('an entry is stored with a tag that has no cell');
      words[at + NEXT] = cell.first;
      words[at + PREVIOUS] = NONE;
      if (cell.first !== NONE) words[this.#wordIn(cell.first, cell) + PREVIOUS] = handle;
      cell.first = handle;
      cell.entries++;
    }
  }

  /** The tags of an entry. */
  marksOf(handle: Handle): readonly string[] {
    return this.#cellsOf(handle).map((cell) => cell?.mark ?? '');
  }

  /** A tag that an entry is dead because of. */
  deadMarkOf(handle: Handle): string | undefined {
    return this.#cellsOf(handle).find((cell) => cell && this.#byMark.get(cell.mark) !== cell)?.mark;
  }

  /** By cell and what that said, one after the other. */
  marksIn(cells: readonly number[]): readonly (string | undefined)[] {
    const marks: (string | undefined)[] = [];
    for (let at = 0; at < cells.length; at += 2)
      marks.push(this.#cellAt(cells[at] as number, cells[at + 1] as number)?.mark);
    return marks;
  }

  /** When an entry that is dead was expired, if that is all that is wrong with its tags. */
  expiredAt(handle: Handle): number | undefined {
    let first: number | undefined;
    for (const cell of this.#cellsOf(handle)) {
      if (!cell) return undefined;
      if (this.#byMark.get(cell.mark) === cell) continue;
      if (cell.expiredAt === undefined) return undefined;
      first = Math.min(first ?? cell.expiredAt, cell.expiredAt);
    }
    return first;
  }

  #cellsOf(handle: Handle): readonly (Cell | undefined)[] {
    const terms = termsOf(this.#memory, this.#entries.recordOf(handle));
    const count = terms === 0 ? 0 : this.#memory.get(terms + TAGS);
    return Array.from({ length: count }, (_, nth) => {
      const at = tagWord(terms, nth);
      return this.#cellAt(this.#memory.get(at), this.#memory.get(at + 1));
    });
  }

  /** The entry is about to be removed. */
  unlink(handle: Handle): void {
    const { words } = this.#memory;
    const terms = termsOf(this.#memory, this.#entries.recordOf(handle));
    const count = words[terms + TAGS] as number;
    for (let nth = 0; nth < count; nth++) {
      const at = tagWord(terms, nth);
      const cell = this.#cellAt(words[at] as number, words[at + 1] as number);
      if (!cell) continue;
      const next = words[at + NEXT] as number;
      const previous = words[at + PREVIOUS] as number;
      if (previous === NONE) cell.first = next;
      else words[this.#wordIn(previous, cell) + NEXT] = next;
      if (next !== NONE) words[this.#wordIn(next, cell) + PREVIOUS] = previous;
      if (--cell.entries === 0) this.#remove(cell);
    }
  }

  /** All entries with the tag are dead for all threads at once; false when there are none. */
  invalidate(mark: string): boolean {
    for (const cell of this.#expired.get(mark) ?? []) cell.expiredAt = undefined;
    this.#expired.delete(mark);
    return this.#die(mark);
  }

  /** The same, and the sweeper learns that they were only expired. */
  expire(mark: string, now: number): boolean {
    const cell = this.#byMark.get(mark);
    if (!cell || !this.#die(mark)) return false;
    cell.expiredAt = now;
    const others = this.#expired.get(mark) ?? new Set();
    this.#expired.set(mark, others.add(cell));
    return true;
  }

  /** Whether there are entries that were expired, and not swept yet. */
  get hasExpired(): boolean {
    return this.#expired.size > 0;
  }

  #die(mark: string): boolean {
    const cell = this.#byMark.get(mark);
    if (!cell) return false;
    this.#end(cell);
    if (cell.entries > 0) this.#dead.set(nameOf(cell), cell);
    return cell.entries > 0;
  }

  /** {@link invalidate} for every tag. */
  invalidateAll(): boolean {
    for (const mark of [...this.#expired.keys()]) this.invalidate(mark);
    let some = false;
    for (const mark of [...this.#byMark.keys()]) some = this.invalidate(mark) || some;
    return some;
  }

  /** An entry that is dead because of a tag, and is to be removed. */
  firstDead(): Handle | undefined {
    const [cell] = this.#dead.values();
    return cell?.first;
  }

  #create(mark: string, version: number): Cell | undefined {
    const handle = this.#handles.take(version);
    if (handle === NONE) return undefined;
    const cell = versionAt(this.#top, handle);
    const made: Cell = {
      mark,
      handle,
      cell,
      generation: version,
      first: NONE,
      entries: 0,
      expiredAt: undefined,
    };
    this.#byMark.set(mark, made);
    this.#byWord.set(cell, made);
    this.#count(made, 1);
    return made;
  }

  /** It has no entries. */
  #remove(cell: Cell): void {
    if (this.#byMark.get(cell.mark) === cell) this.#end(cell);
    this.#dead.delete(nameOf(cell));
    if (cell.expiredAt === undefined) return;
    const expired = this.#expired.get(cell.mark);
    expired?.delete(cell);
    if (expired?.size === 0) this.#expired.delete(cell.mark);
  }

  /** From now on it says something else. */
  #end(cell: Cell): void {
    this.#byMark.delete(cell.mark);
    this.#byWord.delete(cell.cell);
    this.#handles.giveBack(cell.handle);
    this.#count(cell, -1);
  }

  #count({ mark }: Cell, by: 1 | -1): void {
    this.#entries.cells += by;
    this.#entries.externalBytes += by * (CELL_BYTES + 2 * mark.length);
    this.#changed();
  }

  /** None for a tag that was made by hand. */
  #cellAt(cell: number, generation: number): Cell | undefined {
    const present = this.#byWord.get(cell);
    if (present?.generation === generation) return present;
    return this.#dead.get(nameOf({ cell, generation }));
  }

  /** Where an entry has this tag. */
  #wordIn(handle: Handle, { cell, generation }: TagMark): number {
    const { words } = this.#memory;
    const terms = termsOf(this.#memory, this.#entries.recordOf(handle));
    for (let nth = 0; ; nth++) {
      const at = tagWord(terms, nth);
      if (words[at] === cell && words[at + 1] === generation) return at;
    }
  }
}

function nameOf({ cell, generation }: TagMark): string {
  return `${cell} ${generation}`;
}
