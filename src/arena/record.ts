/**
 * What lies in the log: entries, pages of the index, and chunks of the handle map.
 *
 * Every record begins on 8 bytes, and its second word says what it is, so that the cleaner can walk
 * a segment from record to record. Lengths are not stored where they follow from something else.
 *
 * | word | entry | page | chunk |
 * | --- | --- | --- | --- |
 * | 0 | hash | its first directory cell | its number |
 * | 1 | shape | shape | shape |
 * | 2 | generation | depth | handle 0 … |
 * | 3 | key: 2 x bytes + (1 when UTF-16) | slots taken | |
 * | 4 | bytes of the value | slots … | |
 * | 5 | handle | | |
 * | 6 | version of the handle | | |
 * | 7 | cost, a float | | |
 * | 8, 9 | until when it is served without a further look, a double | | |
 * | 10 … | the value, then the key, on 4 bytes; then terms | | |
 *
 * The value comes first because it has to lie on 8 bytes, and a key on 4 behind it costs less than
 * the other way round.
 *
 * *Terms* are under what an entry lives beside one end: few have them, and a reader looks at them only
 * when words 8 and 9 or a tag send it there. They begin on 8 bytes behind the key.
 *
 * | word | terms |
 * | --- | --- |
 * | 0 | words of all terms |
 * | 1 | when a refresh may be asked for; readers write it, see `terms.ts` |
 * | 2, 3 | until when it is fresh, a double |
 * | 4, 5 | when it is dead, a double |
 * | 6, 7 | when it was computed, a double |
 * | 8 | milliseconds that computing it took from start to end, waits included, a float |
 * | 9 | milliseconds after which it is dead unless it is used, a float; 0 for none, below 0 where the writer is told of uses |
 * | 10 | when it was used; readers write it, see `terms.ts` |
 * | 11 | its tags |
 * | 12 … | of each tag: its cell among the words, and what that must say while the entry is alive; then the next and the previous entry with the tag, see `tag-cells.ts` |
 */

import type { Layout } from './layout.ts';
import type { Views } from './views.ts';

export const HASH = 0;
export const SHAPE = 1;
export const GENERATION = 2;
export const KEY = 3;
export const VALUE = 4;
export const HANDLE = 5;
export const VERSION = 6;
export const COST = 7;
/** In doubles from the beginning of the record: the end of an entry without terms. */
export const EXPIRES = 4;
const ENTRY_WORDS = 10;
export const ENTRY_BYTES: number = ENTRY_WORDS * 4;

export const FIRST_CELL = 0;
export const DEPTH = 2;
export const TAKEN = 3;
export const PAGE_WORDS = 4;

export const CHUNK_NUMBER = 0;
export const CHUNK_WORDS = 2;

/** Of terms, in words from their beginning. */
export const TERMS_WORDS = 0;
export const ASKED = 1;
export const WALL = 8;
export const IDLE = 9;
export const USED = 10;
export const TAGS = 11;
const FIRST_TAG = 12;
const TAG_WORDS = 4;
/** Of a tag, which readers do not look at: handles of entries. */
export const NEXT = 2;
export const PREVIOUS = 3;
/** And in doubles. */
export const FRESH_UNTIL = 1;
export const DEAD_AT = 2;
export const MADE_AT = 3;

/**
 * An entry that never expires says instead of its end when it was computed: this much less than that,
 * which is below every time.
 */
export const NEVER: number = -(2 ** 50);

/** Shape, from the lowest bit: codec (8), external (1), kind (2), terms (1), tags (1), function (the rest). */
export const EXTERNAL = 1 << 8;
const KIND_AT = 9;
/** It has terms. */
export const TERMS = 1 << 11;
/** Among them tags, which are looked at whenever it is read. */
export const TAGGED = 1 << 12;
export const FUNCTION_AT = 13;

export const Kind = { entry: 0, page: 1, chunk: 2 } as const;

export function shapeOf(kind: number): number {
  return kind << KIND_AT;
}

export function entryShape(fn: number, codec: number, flags: number): number {
  return (fn << FUNCTION_AT) | flags | codec;
}

export function kindOf(shape: number): number {
  return (shape >> KIND_AT) & 3;
}

/** Bytes of an entry's record without its terms, which begin there. */
export function entryBytes(value: number, key: number): number {
  return (ENTRY_BYTES + ((value + 3) & ~3) + key + 7) & ~7;
}

/** Bytes of the terms of an entry with so many tags. */
export function termsBytes(tags: number): number {
  return (FIRST_TAG + TAG_WORDS * tags) * 4;
}

/** Where a tag of terms is, in words. */
export function tagWord(terms: number, tag: number): number {
  return terms + FIRST_TAG + TAG_WORDS * tag;
}

/** Where an entry's key begins, in words from the beginning of its record. */
export function keyWord(value: number): number {
  return ENTRY_WORDS + ((value + 3) >> 2);
}

export function pageBytes(layout: Layout): number {
  return (PAGE_WORDS + (1 << layout.pageBits)) * 4;
}

export function chunkBytes(layout: Layout): number {
  return (CHUNK_WORDS + (1 << layout.chunkBits)) * 4;
}

/** Bytes of a value that lie in the record itself. */
export function inlineBytes(memory: Views, record: number): number {
  return memory.get(record + SHAPE) & EXTERNAL ? 0 : memory.get(record + VALUE);
}

/** Bytes of the record that begins at this word. */
export function recordBytes(memory: Views, layout: Layout, record: number): number {
  switch (kindOf(memory.get(record + SHAPE))) {
    case Kind.page:
      return pageBytes(layout);
    case Kind.chunk:
      return chunkBytes(layout);
    default: {
      const bytes = entryBytes(inlineBytes(memory, record), memory.get(record + KEY) >> 1);
      const hasTerms = (memory.get(record + SHAPE) & TERMS) !== 0;
      return hasTerms ? bytes + memory.get(record + bytes / 4 + TERMS_WORDS) * 4 : bytes;
    }
  }
}

/** Where an entry's terms begin, in words; 0 when it has none. */
export function termsOf(memory: Views, record: number): number {
  if ((memory.get(record + SHAPE) & TERMS) === 0) return 0;
  return record + entryBytes(inlineBytes(memory, record), memory.get(record + KEY) >> 1) / 4;
}

/** When an entry ends whose words 8 and 9 say this. */
export function endIn(word: number): number {
  return word < 0 ? Number.POSITIVE_INFINITY : word;
}
