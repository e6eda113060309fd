/**
 * The notes of a record: what few records have, see `record-body.ts`.
 *
 * ```
 *   1  f64  ms from the start of the computation to its end
 *   2  f64  ms after the end until which uses may put that off
 * 128  f64  ms before the last end, to which uses may put it off, from which on the value is stale
 * 129  tags, each with its generation
 * 130  what the value depends on, likewise
 * 131  namespace: a text
 *
 * a text: u8 (1 for UTF-16, 0 for Latin-1), u16 bytes, the bytes
 * with its generation: a text, u8 bytes of the generation, the bytes
 * ```
 */

import { isLatin1, latin1Bytes, latin1Text, utf16Bytes, utf16Text } from '../values/text.ts';
import type { Marked, TierRecord } from './tier.ts';

/** A record with an unknown note from here on is not to be used. */
export const MAY_BE_SKIPPED = 128;

const WALL_MS = 1;
const RENEWABLE_FOR = 2;
const STALE_FOR = 128;
const TAGS = 129;
const DEPENDS_ON = 130;
const NAMESPACE = 131;

/** Of a note: what names it, and its length. */
const HEAD_BYTES = 5;
/** Of one list. */
const MOST_MARKED = 512;
const NOTHING = Buffer.alloc(0);

type Notes = Pick<
  TierRecord,
  'wallMs' | 'renewableFor' | 'staleFor' | 'tags' | 'dependsOn' | 'namespace'
>;
type ReadNotes = { -readonly [Name in keyof Notes]: Notes[Name] };

export function encodeNotes(record: Notes): Buffer {
  const { wallMs, renewableFor, staleFor, tags, dependsOn, namespace } = record;
  if (!(wallMs || renewableFor || staleFor || tags || dependsOn || namespace)) return NOTHING;
  return Buffer.concat([
    ...(wallMs ? noteOf(WALL_MS, [float64(wallMs)]) : []),
    ...(renewableFor ? noteOf(RENEWABLE_FOR, [float64(renewableFor)]) : []),
    ...(staleFor ? noteOf(STALE_FOR, [float64(staleFor)]) : []),
    ...(tags?.length ? noteOf(TAGS, tags.flatMap(markedBytes)) : []),
    ...(dependsOn?.length ? noteOf(DEPENDS_ON, dependsOn.flatMap(markedBytes)) : []),
    ...(namespace ? noteOf(NAMESPACE, textBytes(namespace)) : []),
  ]);
}

/** Those between two places; `undefined` for what is none, or for unknown ones that matter. */
export function decodeNotes(memory: Buffer, start: number, end: number): Notes | undefined {
  const notes: ReadNotes = {};
  for (let at = start; at < end; ) {
    if (end - at < HEAD_BYTES) return undefined;
    const next = at + HEAD_BYTES + memory.readUInt32LE(at + 1);
    if (next > end) return undefined;
    if (!readNote(notes, memory[at] as number, memory.subarray(at + HEAD_BYTES, next))) {
      return undefined;
    }
    at = next;
  }
  return notes;
}

/** @returns false where the record is not to be used */
function readNote(notes: ReadNotes, name: number, bytes: Buffer): boolean {
  switch (name) {
    case WALL_MS:
      return setTo('wallMs', readFloat64(bytes));
    case RENEWABLE_FOR:
      return setTo('renewableFor', readFloat64(bytes));
    case STALE_FOR:
      return setTo('staleFor', readFloat64(bytes));
    case TAGS:
      return setTo('tags', readMarked(bytes));
    case DEPENDS_ON:
      return setTo('dependsOn', readMarked(bytes));
    case NAMESPACE: {
      const text = readText(bytes, 0);
      return setTo('namespace', text?.end === bytes.length ? text.text : undefined);
    }
    default:
      return name < MAY_BE_SKIPPED;
  }

  function setTo<Name extends keyof ReadNotes>(name: Name, value: ReadNotes[Name]): boolean {
    notes[name] = value;
    return value !== undefined;
  }
}

function noteOf(name: number, parts: readonly Uint8Array[]): readonly Uint8Array[] {
  const head = Buffer.alloc(HEAD_BYTES);
  head[0] = name;
  head.writeUInt32LE(
    parts.reduce((sum, { length }) => sum + length, 0),
    1,
  );
  return [head, ...parts];
}

function float64(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleLE(value);
  return bytes;
}

/** Of a length of time. */
function readFloat64(bytes: Buffer): number | undefined {
  const value = bytes.length === 8 ? bytes.readDoubleLE() : Number.NaN;
  return value >= 0 ? value : undefined;
}

function textBytes(text: string): readonly Uint8Array[] {
  const isNarrow = isLatin1(text);
  const bytes = isNarrow ? latin1Bytes(text) : utf16Bytes(text);
  const head = Buffer.alloc(3);
  head[0] = isNarrow ? 0 : 1;
  head.writeUInt16LE(bytes.length, 1);
  return [head, bytes];
}

function markedBytes({ name, generation }: Marked): readonly Uint8Array[] {
  return [...textBytes(name), Buffer.of(generation.length), generation];
}

function readText(
  bytes: Buffer,
  at: number,
): { readonly text: string; readonly end: number } | undefined {
  if (bytes.length < at + 3) return undefined;
  const isWide = bytes[at] === 1;
  const length = bytes.readUInt16LE(at + 1);
  const start = at + 3;
  const end = start + length;
  if (end > bytes.length || (bytes[at] as number) > 1 || (isWide && length % 2 > 0)) {
    return undefined;
  }
  return { text: (isWide ? utf16Text : latin1Text)(bytes, start, end), end };
}

function readMarked(bytes: Buffer): Marked[] | undefined {
  const all: Marked[] = [];
  for (let at = 0; at < bytes.length; ) {
    const name = readText(bytes, at);
    if (!name || name.end >= bytes.length || all.length === MOST_MARKED) return undefined;
    const start = name.end + 1;
    const end = start + (bytes[name.end] as number);
    if (end > bytes.length) return undefined;
    all.push({ name: name.text, generation: new Uint8Array(bytes.subarray(start, end)) });
    at = end;
  }
  return all;
}
