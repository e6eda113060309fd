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
 * | 8, 9 | when it expires, a double | | |
 * | 10 … | the value, then the key, on 4 bytes | | |
 *
 * The value comes first because it has to lie on 8 bytes, and a key on 4 behind it costs less than
 * the other way round.
 */

import type { Layout } from './layout.ts';
import type { Memory } from './memory.ts';

export const HASH = 0;
export const SHAPE = 1;
export const GENERATION = 2;
export const KEY = 3;
export const VALUE = 4;
export const HANDLE = 5;
export const VERSION = 6;
export const COST = 7;
/** In doubles from the beginning of the record. */
export const EXPIRES = 4;
const ENTRY_WORDS = 10;
export const ENTRY_BYTES: number = ENTRY_WORDS * 4;

export const FIRST_CELL = 0;
export const DEPTH = 2;
export const TAKEN = 3;
export const PAGE_WORDS = 4;

export const CHUNK_NUMBER = 0;
export const CHUNK_WORDS = 2;

/** Shape, from the lowest bit: codec (8), external (1), kind (2), function (the rest). */
export const EXTERNAL = 1 << 8;
const KIND_AT = 9;
export const FUNCTION_AT = 11;

export const Kind = { entry: 0, page: 1, chunk: 2 } as const;

export function shapeOf(kind: number): number {
  return kind << KIND_AT;
}

export function entryShape(fn: number, codec: number, external: boolean): number {
  return (fn << FUNCTION_AT) | (external ? EXTERNAL : 0) | codec;
}

export function kindOf(shape: number): number {
  return (shape >> KIND_AT) & 3;
}

/** Bytes of an entry's record. */
export function entryBytes(value: number, key: number): number {
  return (ENTRY_BYTES + ((value + 3) & ~3) + key + 7) & ~7;
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
export function inlineBytes(memory: Memory, record: number): number {
  return memory.get(record + SHAPE) & EXTERNAL ? 0 : memory.get(record + VALUE);
}

/** Bytes of the record that begins at this word. */
export function recordBytes(memory: Memory, layout: Layout, record: number): number {
  switch (kindOf(memory.get(record + SHAPE))) {
    case Kind.page:
      return pageBytes(layout);
    case Kind.chunk:
      return chunkBytes(layout);
    default:
      return entryBytes(inlineBytes(memory, record), memory.get(record + KEY) >> 1);
  }
}
