/**
 * The form of plain data as bytes: objects and arrays of primitives, dates and byte views, each
 * object in one place only. It is most of what functions return, and structured clone reads it
 * slowly: V8 looks up every property name again, and calls into C++ cost more than small values do.
 *
 * Three parts, in this order:
 *
 * - the tree: a tag for each value, what it needs, then its parts. An object's property names are
 *   written once for all objects with the same names in the same order (its shape), and a reader
 *   keeps the names that it has seen lately.
 * - the texts: all short strings, one after the other. They are turned into a string together, and
 *   cut from it, because one call for each would take four times as long.
 * - the tail: how many bytes a character of the texts has (1 or 2), how many bytes all of them have
 *   (uint32). It comes last because only then it is known.
 *
 * Numbers are little-endian. A length is one byte, or 255 and a uint32.
 *
 * Why not JSON: it is slower, most of all with fractions and with long strings, where structured
 * clone beats it, and `undefined`, `-0` and dates would have to go the slow way.
 */

/** Stored by persistent tiers: never renumber. */
export const Tag = {
  undefined: 0,
  null: 1,
  false: 2,
  true: 3,
  int16: 4,
  int32: 5,
  float64: 6,
  /** Its decimal digits, a string. */
  bigint: 7,
  /** A string among the texts that is too long for a tag of its own: its length. */
  text: 8,
  /** A long string with one byte a character: a length in bytes, itself. */
  latin1: 9,
  /** A long string in UTF-16: a length in bytes, itself. */
  utf16: 10,
  /** Milliseconds as float64, NaN when it is invalid. */
  date: 11,
  /** The name of its class, a string; a length in bytes, the bytes. */
  view: 12,
  /** A length, the items. */
  array: 13,
  /** A length, as many names (strings), as many values. */
  object: 14,
  /** An object of a new shape: its slot (a byte), its names in one string, the values. */
  shaped: 15,
  /** An object of a shape that was there before: its number (a byte), the values. */
  shapedAgain: 16,
  /** An array of numbers: a length, so many float64. */
  numbers: 17,
  /** From here on: a string among the texts, of length 0, 1, ... 63. */
  shortText: 64,
  /** From here on: the numbers 0, 1, ... 127. */
  smallInt: 128,
} as const;

export const TAIL_BYTES = 5;

/** Strings up to here are among the texts. */
export const LONGEST_TEXT = 255;

/** Between the names of a shape. */
export const BETWEEN_NAMES = '\0';
/** Shapes of one value that can be referred to. */
export const MOST_SHAPES = 256;

/** Arrays of numbers from here on are written as one, unless they begin with small whole numbers. */
export const FEW_NUMBERS = 8;
