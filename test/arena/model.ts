/** The arena beside a Map that should agree with it, and an audit of the arena's memory. */

import assert from 'node:assert/strict';
import type { Handle } from '../../src/arena/entries.ts';
import { directoryAt, generationsAt } from '../../src/arena/layout.ts';
import type { ArenaReader } from '../../src/arena/reader.ts';
import {
  chunkBytes,
  DEPTH,
  ENTRY_BYTES,
  entryBytes,
  PAGE_WORDS,
  pageBytes,
} from '../../src/arena/record.ts';
import { bytesOf, type Terms } from '../../src/arena/terms.ts';
import { ArenaWriter } from '../../src/arena/writer.ts';
import { bytesFor, entry, join, store } from './entries.ts';

interface Kept {
  readonly handle: Handle;
  readonly version: number;
  readonly generation: number;
  readonly fn: number;
  readonly key: string;
  readonly length: number;
  readonly expiresAt: number;
  readonly terms: Terms | undefined;
}

export class ArenaModel {
  readonly writer: ArenaWriter;
  readonly reader: ArenaReader;
  readonly maxSize: number;
  now = 0;
  /** By function and key, in the order of adding. */
  readonly #kept = new Map<string, Kept>();
  /** What a cleared function has left behind. */
  readonly #dead = new Set<Kept>();
  /** Entries of the past, for near caches that have not looked since. */
  readonly #past: Kept[] = [];

  constructor(maxSize: number, seed: number) {
    this.maxSize = maxSize;
    this.writer = new ArenaWriter({ maxSize, seed });
    this.reader = join(this.writer);
  }

  get size(): number {
    return this.#kept.size + this.#dead.size;
  }

  /**
   * Adds or replaces; false when there was no room, even with everything else removed.
   * @param tags those that it has; without it, it has no terms
   */
  set(
    fn: number,
    key: string,
    length: number,
    expiresAt: number,
    pick: () => number,
    tags?: number,
  ): boolean {
    this.remove(fn, key);
    const terms = tags === undefined ? undefined : termsWith(tags, length, this.writer);
    const added = entry(key, length, { fn, expiresAt, codec: length & 0xff, cost: length, terms });
    const handle = store(this.writer, added, () => this.evict(pick()));
    if (handle === undefined) return false;
    const version = this.writer.entries.version(handle);
    const generation = this.writer.generationOf(fn);
    const kept = { handle, version, generation, fn, key, length, expiresAt, terms };
    this.#kept.set(`${fn} ${key}`, kept);
    return true;
  }

  remove(fn: number, key: string): void {
    const kept = this.#kept.get(`${fn} ${key}`);
    if (!kept) return;
    assert.equal(this.writer.find(fn, key), kept.handle);
    this.#kept.delete(`${fn} ${key}`);
    this.#forget(kept);
  }

  /** Removes one entry; `pick`: which of the oldest few, from 0 to 1. */
  evict(pick: number): boolean {
    const [dead] = this.#dead;
    if (dead) {
      this.#dead.delete(dead);
      this.#forget(dead);
      return true;
    }
    let left = Math.floor(pick * Math.min(this.#kept.size, 20));
    for (const kept of this.#kept.values()) {
      if (left-- > 0) continue;
      this.remove(kept.fn, kept.key);
      return true;
    }
    return false;
  }

  clear(fn: number): void {
    this.writer.raiseGeneration(fn);
    for (const [name, kept] of this.#kept) {
      if (kept.fn !== fn) continue;
      this.#kept.delete(name);
      this.#dead.add(kept);
    }
  }

  clean(): void {
    while (this.writer.tidy());
  }

  /** Everything that is there is found, nothing else, and it lies where nothing else does. */
  audit(): void {
    const places = [...this.#pages()];
    for (const kept of this.#kept.values()) places.push(this.#find(kept));
    for (const kept of [...this.#dead, ...this.#past]) {
      assert(!this.#isCurrent(kept), `${kept.key} is served from a near cache after its end`);
    }
    for (const { handle } of this.#dead) assert(this.writer.entries.isDead(handle));
    for (const kept of this.#past) {
      if (this.#kept.has(`${kept.fn} ${kept.key}`)) continue;
      assert(!this.reader.find(kept.fn, kept.key, -1), `${kept.key} is found after its end`);
    }
    places.sort(([a], [b]) => a - b);
    places.reduce((end, [from, bytes]) => {
      assert(from >= end, `the record at ${from} overlaps the one before`);
      return from + bytes;
    }, 0);
    this.#auditUsage();
  }

  #find(kept: Kept): [number, number] {
    const { fn, key, length, expiresAt, handle, version } = kept;
    const { reader, writer } = this;
    assert(this.#isCurrent(kept), `the near cache lost ${key}`);
    assert(writer.entries.has(handle) && !writer.entries.isDead(handle));
    assert(!reader.find(fn, key, expiresAt), `${key} is found when it has expired`);
    assert(reader.find(fn, key, -1), `${key} is not found`);
    assert.deepEqual(
      [reader.handle, reader.version, reader.length, reader.codec, reader.cost, reader.expiresAt],
      [handle, version, length, length & 0xff, length, expiresAt],
    );
    this.#findTerms(kept);
    const inline = reader.external ? 0 : length;
    const bytes = reader.external
      ? Buffer.from(writer.entries.external(handle) as SharedArrayBuffer)
      : reader.bytes.subarray(reader.start, reader.start + length);
    assert(bytes.equals(bytesFor(key, length)), `${key} has other bytes`);
    reader.leave();
    const keyBytes = Buffer.byteLength(key, /[\u0100-\uffff]/.test(key) ? 'utf16le' : 'latin1');
    return [reader.start - ENTRY_BYTES, entryBytes(inline, keyBytes) + bytesOf(kept.terms)];
  }

  /** Of the entry that the reader has found. */
  #findTerms({ key, terms, expiresAt, handle }: Kept): void {
    const { reader, writer } = this;
    assert.equal(reader.hasTerms, terms !== undefined, `${key} has terms, or has none`);
    if (!terms) return;
    const { freshUntil, calmUntil, wallMs, tags } = terms;
    assert.deepEqual(
      [reader.freshUntil, reader.calmUntil, reader.wallMs, reader.tags ?? []],
      [freshUntil, calmUntil, wallMs, tags],
    );
    assert.deepEqual(
      [writer.entries.freshUntil(handle), writer.entries.expiresAt(handle)],
      [freshUntil, expiresAt],
    );
  }

  #isCurrent({ handle, version, fn, generation }: Kept): boolean {
    return this.reader.isCurrent(this.reader.versionWord(handle), version, fn, generation);
  }

  /** Where the pages of the index lie, in bytes. */
  *#pages(): Generator<[number, number]> {
    const { buffer, layout } = this.writer.share;
    const words = new Int32Array(buffer);
    for (let cell = 0; cell < 2 ** layout.directoryBits; ) {
      const page = (words[directoryAt + cell] as number) - PAGE_WORDS;
      if (page < 0) return;
      yield [page * 4, pageBytes(layout)];
      cell += 2 ** (layout.directoryBits - (words[page + DEPTH] as number));
    }
  }

  #auditUsage(): void {
    const usage = this.writer.usage();
    const { layout } = this.writer.share;
    const all = [...this.#kept.values(), ...this.#dead];
    const sum = (of: (kept: Kept) => number) => all.reduce((total, kept) => total + of(kept), 0);
    const keyBytes = (key: string) => key.length * (/[\u0100-\uffff]/.test(key) ? 2 : 1);
    assert.equal(usage.entries, all.length);
    assert.equal(this.writer.entries.size, all.length);
    assert.equal(
      usage.keys,
      sum(({ key }) => keyBytes(key)),
    );
    assert.equal(
      usage.values,
      sum(({ length }) => length),
    );
    assert.equal(usage.used, this.writer.usedBytes());
    const { keys, values, bookkeeping, dead, free, used } = usage;
    assert.equal(keys + values + bookkeeping + dead + free, used);
    assert(used <= this.maxSize, `${used} of ${this.maxSize} bytes`);
    assert(dead >= 0 && free >= 0 && bookkeeping >= 0, JSON.stringify(usage));
    // Headers, padding and what buffers take.
    const records = sum(({ key, length, handle, terms }) =>
      this.writer.entries.external(handle)
        ? entryBytes(0, keyBytes(key)) - keyBytes(key) + 256 + bytesOf(terms)
        : entryBytes(length, keyBytes(key)) - keyBytes(key) - length + bytesOf(terms),
    );
    const pages = [...this.#pages()].length * pageBytes(layout);
    // What is left are chunks of the map of handles.
    const chunks = (bookkeeping - records - pages - 5 * all.length) / chunkBytes(layout);
    const most = Math.min(this.writer.handles >> layout.chunkBits, all.length + 1);
    assert(Number.isInteger(chunks) && chunks >= 0 && chunks <= most, `${chunks} chunks`);
  }

  #forget(kept: Kept): void {
    assert.equal(this.writer.entries.key(kept.handle), kept.key);
    this.writer.remove(kept.handle);
    this.#past.push(kept);
    if (this.#past.length > 50) this.#past.shift();
  }
}

/** Tags whose cells say what they must: those of functions that are never cleared. */
function termsWith(count: number, pick: number, writer: ArenaWriter): Terms {
  const tags = Array.from({ length: count }, (_, nth) => {
    const fn = 100 + ((pick + nth) % 50);
    return { cell: generationsAt + fn, generation: writer.generationOf(fn) };
  });
  return { freshUntil: pick / 2, calmUntil: pick / 4, wallMs: pick * 8, tags };
}
