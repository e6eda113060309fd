/** What stands for what in a structured clone, as far as our own writer writes it. */
import { Serializer } from 'node:v8';
import { cloneFromBytes } from './clone.ts';

/** V8 calls them tags: the byte with which a value, or its end, begins. */
export const Mark = {
  version: 0xff,
  /** So that the characters behind it lie at an even place. */
  padding: 0,
  hole: codeOf('-'),
  undefined: codeOf('_'),
  null: codeOf('0'),
  true: codeOf('T'),
  false: codeOf('F'),
  int32: codeOf('I'),
  uint32: codeOf('U'),
  double: codeOf('N'),
  bigint: codeOf('Z'),
  latin1: codeOf('"'),
  utf16: codeOf('c'),
  reference: codeOf('^'),
  object: codeOf('o'),
  objectEnd: codeOf('{'),
  sparseArray: codeOf('a'),
  sparseArrayEnd: codeOf('@'),
  denseArray: codeOf('A'),
  denseArrayEnd: codeOf('$'),
  date: codeOf('D'),
  trueObject: codeOf('y'),
  falseObject: codeOf('x'),
  numberObject: codeOf('n'),
  bigintObject: codeOf('z'),
  stringObject: codeOf('s'),
  regexp: codeOf('R'),
  map: codeOf(';'),
  mapEnd: codeOf(':'),
  set: codeOf("'"),
  setEnd: codeOf(','),
  arrayBuffer: codeOf('B'),
  hostObject: codeOf('\\'),
  error: codeOf('r'),
} as const;

function codeOf(character: string): number {
  return character.charCodeAt(0);
}

let version: number | undefined;

/** The one that this Node writes. */
export function cloneVersion(): number {
  if (version === undefined) {
    const writer = new Serializer();
    writer.writeHeader();
    version = writer.releaseBuffer()[1] as number;
  }
  return version;
}

let order: string | undefined;

/**
 * In which order stack and cause of an error are read: `sc`, or `cs` by V8 before version 12, which
 * makes the error only when it has read all of it.
 */
export function errorOrder(): string {
  order ??= readsCauseFirst() ? 'cs' : 'sc';
  return order;
}

function readsCauseFirst(): boolean {
  const parts = [Mark.version, cloneVersion(), ...[...'r', ...'cI'].map(codeOf), 0];
  const stack = [...'s"'].map(codeOf);
  try {
    cloneFromBytes(Uint8Array.of(...parts, ...stack, 0, codeOf('.')));
    return true;
  } catch {
    return false;
  }
}

/** V8's flags of a pattern, by bit; others are never written. */
const flagBits: readonly (readonly [number, string])[] = [
  [1, 'g'],
  [2, 'i'],
  [4, 'm'],
  [8, 'y'],
  [16, 'u'],
  [32, 's'],
  [128, 'd'],
  [256, 'v'],
];

/** Whether this Node can make a RegExp of it. */
export function isPattern(source: string, flags: number): boolean {
  const known = flagBits.filter(([bit]) => (flags & bit) !== 0);
  if (known.reduce((sum, [bit]) => sum + bit, 0) !== flags) return false;
  try {
    new RegExp(source, known.map(([, flag]) => flag).join(''));
    return true;
  } catch {
    return false;
  }
}
