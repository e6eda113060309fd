/**
 * Shapes: the property names of an object, in their order, as one string.
 *
 * A thread remembers those that it has written or read lately. Names that V8 knows as names are
 * assigned several times as fast as fresh strings, and joining names takes longer than comparing
 * them. Where to look is a guess, and never decides: all names are compared.
 */
import { BETWEEN_NAMES, LONGEST_TEXT } from './plain-format.ts';

type Names = readonly string[];

export interface WrittenShape {
  readonly names: Names;
  readonly text: string;
  /** The place, 0 to 255, where readers are to look for it. */
  readonly slot: number;
}

export interface ReadShape {
  readonly names: Names;
  readonly text: string;
  /** False when a name means something to every object already. */
  readonly isOrdinary: boolean;
}

const written = new Array<WrittenShape | undefined>(64).fill(undefined);
const read = new Array<ReadShape | undefined>(256).fill(undefined);

/** Undefined for many names: they are more likely those of a table, and will not come again. */
export function shapeToWrite(names: Names): WrittenShape | undefined {
  if (names.length === 0 || names.length > LONGEST_TEXT) return undefined;
  const place = placeOf(names);
  const known = written[place];
  if (known !== undefined && areSame(known.names, names)) return known;
  const text = names.join(BETWEEN_NAMES);
  if (text.length > LONGEST_TEXT || names.some((name) => name.includes(BETWEEN_NAMES))) {
    return undefined;
  }
  const shape = { names, text, slot: slotOf(text) };
  written[place] = shape;
  return shape;
}

function placeOf(names: Names): number {
  const first = names[0] as string;
  const last = names[names.length - 1] as string;
  return (names.length * 5 + first.length * 3 + last.length + last.charCodeAt(0)) & 63;
}

export function areSame(shape: Names, names: Names): boolean {
  if (shape.length !== names.length) return false;
  for (let i = 0; i < names.length; i++) if (shape[i] !== names[i]) return false;
  return true;
}

function slotOf(text: string): number {
  let hash = text.length;
  for (let i = 0; i < text.length; i++) hash = (Math.imul(hash, 31) + text.charCodeAt(i)) | 0;
  return (hash ^ (hash >>> 8) ^ (hash >>> 16)) & 255;
}

export function shapeToRead(text: string, slot: number): ReadShape {
  const known = read[slot];
  if (known?.text === text) return known;
  const names = text.split(BETWEEN_NAMES);
  // The text may be cut from a longer string, which must not be kept for it.
  const own = names.join(BETWEEN_NAMES);
  const shape = { names, text: own, isOrdinary: !names.some(isInherited) };
  read[slot] = shape;
  return shape;
}

/** Assigning to such a name may call a setter, and fails when `Object.prototype` is frozen. */
export function isInherited(name: string): boolean {
  return name in Object.prototype;
}
