/**
 * About how much memory a value takes, found by looking at a few of its parts.
 *
 * An array of a million items is judged by some of them; where looks run out, one path is followed
 * down to its end and counts for all the others (Knuth's estimate of the size of a search tree, whose
 * mean is right whatever the shape of the tree). So a look costs microseconds, whatever it is at; a
 * value that has few parts is judged exactly, and a mean over many values is right.
 */

import { types } from 'node:util';

/** Parts that are looked at before single paths are followed. */
const LOOKS = 64;
/** Of so few parts, each one that is no object is looked at: so a chain of objects is judged exactly. */
const FEW = 16;
/** About what each object, and each slot in one, takes. */
const OBJECT_BYTES = 32;
const SLOT_BYTES = 8;
/** Deeper, as in a long chain of objects, is not looked. */
const DEEPEST = 1000;

/** Where the next sample begins: another place each time, so that no pattern of items escapes. */
let phase = 0;

/** In bytes. Runs no code of the value's own. */
export function roughSize(value: unknown): number {
  return sizeOf(value, LOOKS, 0);
}

function sizeOf(value: unknown, looks: number, depth: number): number {
  if (typeof value === 'string') return OBJECT_BYTES + value.length;
  if (typeof value !== 'object' || value === null) return SLOT_BYTES;
  const own = OBJECT_BYTES + memoryOf(value);
  if (own > OBJECT_BYTES || depth > DEEPEST || types.isProxy(value)) return own;
  const parts = partsOf(value);
  return own + SLOT_BYTES * parts.count + sampled(parts, looks, depth);
}

function memoryOf(value: object): number {
  if (ArrayBuffer.isView(value) || types.isAnyArrayBuffer(value)) return value.byteLength;
  return 0;
}

interface Parts {
  readonly count: number;
  at(index: number): unknown;
}

function partsOf(value: object): Parts {
  if (Array.isArray(value)) return { count: value.length, at: (index) => value[index] };
  if (types.isMap(value)) return ofFirst(value.size, [value.keys(), value.values()]);
  if (types.isSet(value)) return ofFirst(value.size, [value.values()]);
  const names = Object.keys(value);
  const at = (index: number): unknown =>
    Object.getOwnPropertyDescriptor(value, names[index] as string)?.value;
  return { count: names.length, at };
}

/** Members come one after the other: the first ones stand for all. */
function ofFirst(count: number, sources: readonly Iterator<unknown>[]): Parts {
  const next = (index: number): unknown => sources[index % sources.length]?.next().value;
  return { count: count * sources.length, at: next };
}

function sampled({ count, at }: Parts, looks: number, depth: number): number {
  if (count > FEW) return ofSome(count, at, looks, depth);
  const deep: object[] = [];
  let sum = 0;
  for (let i = 0; i < count; i++) {
    const part = at(i);
    if (typeof part === 'object' && part !== null) deep.push(part);
    else sum += sizeOf(part, 0, depth);
  }
  return sum + ofSome(deep.length, (index) => deep[index], looks - count, depth);
}

function ofSome(count: number, at: Parts['at'], looks: number, depth: number): number {
  if (count === 0) return 0;
  const taken = Math.min(count, Math.max(1, Math.floor(looks)));
  phase = (phase + 0.618034) % 1;
  let sum = 0;
  for (let i = 0; i < taken; i++) {
    const index = Math.floor(((i + phase) * count) / taken) % count;
    sum += sizeOf(at(index), (looks - taken) / taken, depth + 1);
  }
  return (sum * count) / taken;
}
