/**
 * The code of one value within a key; `canonical.ts` says what makes these codes unambiguous.
 *
 * | | |
 * | --- | --- |
 * | `u` `n` `t` `f` | undefined, null, true, false |
 * | `#1.5;` `i12;` `d0;` | number, bigint, Date |
 * | `s3:abc` `S2000:l…` | string; its digest |
 * | `a2:` | array without holes and named properties, then its items |
 * | `A9:2:` | any other array: length, then its properties as of an object |
 * | `o2:` `O2:` | object, one with a null prototype, then name and value by name |
 * | `m1:` `e1:` | Map and Set, then their entries and members |
 * | `r` `b` `x` `B` `v` | RegExp, boxed primitive, error, ArrayBuffer, view |
 * | `~` | the digest of any code that is longer than 1,024 |
 */
import { errorClassName } from '../values/builtins.ts';
import { kindOf, maxDepth } from '../values/kind.ts';
import { Refusal, reasonAgainst, tooDeep } from '../values/refusal.ts';
import { digestText } from './digest.ts';
import { encodeLeaf, unboxed } from './leaf.ts';

const longestCode = 1024;
// Fewer objects are walked faster than they are looked up, however often they are referred to.
const objectsBeforeMemo = 64;
// Made again for less than it takes to remember: it has few objects in it whose code is short, too.
const shortCode = 256;

// Characters of a list's code that may be in pieces.
const mostLoose = 16_384;

/** What is known during the making of one key. */
export interface Walk {
  objects: number;
  /** The codes of the objects that are finished, for those that are referred to again. */
  readonly codes: Map<object, string>;
}

export function startWalk(): Walk {
  return { objects: 0, codes: new Map() };
}

/** @throws {Refusal} for functions and symbols */
export function encodePrimitive(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return encodeString(value);
    case 'number':
      return Object.is(value, -0) ? '#-0;' : `#${value};`;
    case 'boolean':
      return value ? 't' : 'f';
    case 'bigint':
      return `i${value};`;
    case 'undefined':
      return 'u';
    case 'object':
      return 'n';
    default:
      throw new Refusal(reasonAgainst(value));
  }
}

function encodeString(text: string): string {
  const { length } = text;
  return length <= longestCode ? `s${length}:${text}` : `S${length}:${digestText(text)}`;
}

function encode(walk: Walk, value: unknown, depth: number): string {
  return typeof value === 'object' && value !== null
    ? walkObject(walk, value, depth)
    : encodePrimitive(value);
}

/** The code of an object that stands so many levels below the argument list. */
export function walkObject(walk: Walk, object: object, depth: number): string {
  const known = walk.objects > objectsBeforeMemo ? walk.codes.get(object) : undefined;
  if (known !== undefined) return known;
  if (depth > maxDepth) throw new Refusal(tooDeep);
  const whole = encodeObject(walk, object, depth + 1);
  const code = whole.length <= longestCode ? whole : `~${digestText(whole)}`;
  if (++walk.objects > objectsBeforeMemo && whole.length > shortCode) walk.codes.set(object, code);
  return code;
}

function encodeObject(walk: Walk, object: object, depth: number): string {
  const kind = kindOf(object);
  switch (kind) {
    case 'plain':
      return `o${encodeProperties(walk, object, Object.keys(object), depth)}`;
    case 'bare':
      return `O${encodeProperties(walk, object, Object.keys(object), depth)}`;
    case 'array':
      return encodeArray(walk, object as readonly unknown[], depth);
    case 'map':
      return encodeMap(walk, object as ReadonlyMap<unknown, unknown>, depth);
    case 'set':
      return encodeSet(walk, object as ReadonlySet<unknown>, depth);
    case 'error':
      return encodeError(walk, object as Error, depth);
    case 'boxed':
      return `b${encodePrimitive(unboxed(object))}`;
    case undefined:
      throw new Refusal(reasonAgainst(object));
    default:
      return encodeLeaf(object, kind);
  }
}

function encodeProperties(walk: Walk, object: object, keys: string[], depth: number): string {
  const record = object as Readonly<Record<string, unknown>>;
  let code = `${keys.length}:`;
  // By code unit, which is the same everywhere; a locale's order is not.
  for (const key of keys.length > 1 ? keys.sort() : keys) {
    code += `${key.length}:${key}${encode(walk, record[key], depth)}`;
  }
  return code;
}

function encodeArray(walk: Walk, array: readonly unknown[], depth: number): string {
  const { length } = array;
  // Indices come first, in order: as many keys as items, with the last index last, is all of them.
  const keys = Object.keys(array);
  if (keys.length !== length || (length > 0 && keys[length - 1] !== `${length - 1}`)) {
    return `A${length}:${encodeProperties(walk, array, keys, depth)}`;
  }
  let code = `a${length}:`;
  let loose = '';
  for (let i = 0; i < length; i++) {
    loose += encode(walk, array[i], depth);
    if (loose.length <= mostLoose) continue;
    code += inOnePiece(loose);
    loose = '';
  }
  return code + loose;
}

/** V8 keeps what was put together in pieces, which take five times as much, until a character is asked for. */
function inOnePiece(text: string): string {
  text.charCodeAt(0);
  return text;
}

function encodeMap(walk: Walk, map: ReadonlyMap<unknown, unknown>, depth: number): string {
  const codes: string[] = [];
  for (const [key, value] of map) {
    codes.push(encode(walk, key, depth) + encode(walk, value, depth));
  }
  return `m${codes.length}:${codes.sort().join('')}`;
}

function encodeSet(walk: Walk, set: ReadonlySet<unknown>, depth: number): string {
  const codes: string[] = [];
  for (const member of set) codes.push(encode(walk, member, depth));
  return `e${codes.length}:${codes.sort().join('')}`;
}

function encodeError(walk: Walk, error: Error, depth: number): string {
  let code = `x${errorClassName(Object.getPrototypeOf(error))};`;
  for (const name of ['message', 'name', 'cause', 'errors']) {
    code += encodeHidden(walk, error, name, depth);
  }
  return code + encodeProperties(walk, error, Object.keys(error), depth);
}

/** These four count also when they are not enumerable, and whether they are counts as well. */
function encodeHidden(walk: Walk, error: Error, name: string, depth: number): string {
  const property = Object.getOwnPropertyDescriptor(error, name);
  if (property?.enumerable) return '+';
  const inherits = name === 'message' || name === 'name';
  if (property === undefined && !inherits) return '-';
  return encode(walk, (error as unknown as Record<string, unknown>)[name], depth);
}
