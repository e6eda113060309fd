/**
 * What a record is in every store, byte for byte the same: its fields, whose it is, and the value.
 * What stands before it is the store's own: a checksum or a signature, generations, a version.
 *
 * ```
 *  0  f64  expires at, ms since 1970 by the clock of the writer; Infinity for never
 *  8  f64  computed at, likewise; NaN when that is not known
 * 16  f64  ms that computing the value took
 * 24  u32  bytes of the value, as it is decoded
 * 28  u8   codec of the value
 * 29  u32  bytes of the identity
 * 33  u32  bytes of the notes
 * 37  ...  identity, notes, value
 * ```
 *
 * A note is what few records have: a byte that names it, a u32 with its length, its bytes. So a
 * later version can add one without another format. A reader must not use a record with a note that
 * it does not know, unless the note's number is below {@link MAY_BE_SKIPPED}.
 *
 * Every length is compared with the bytes that are there before anything of that length is made.
 */

import type { Codec } from '../protocol.ts';
import { decodeNotes, encodeNotes } from './record-notes.ts';
import type { TierRecord } from './tier.ts';

export const FIELDS_BYTES = 37;
/** Those of nearly every record. */
const NO_NOTES = {};

/** The parts of a body; those of bytes are views of what was read. */
export interface RecordBody {
  readonly fields: Omit<TierRecord, 'value'>;
  readonly codec: Codec;
  readonly identity: Buffer;
  /** Bytes of the value, once it is unpacked. */
  readonly length: number;
  /** As they are stored. */
  readonly bytes: Buffer;
}

/** What stands before the value; it is `value.bytes.length` long after that, unless it is packed. */
export function encodeFields(identity: Buffer, record: TierRecord): Buffer {
  const notes = encodeNotes(record);
  const bytes = Buffer.allocUnsafe(FIELDS_BYTES + identity.length + notes.length);
  bytes.writeDoubleLE(record.expiresAt, 0);
  bytes.writeDoubleLE(record.computedAt ?? Number.NaN, 8);
  bytes.writeDoubleLE(record.ms, 16);
  bytes.writeUInt32LE(record.value.bytes.length, 24);
  bytes[28] = record.value.codec;
  bytes.writeUInt32LE(identity.length, 29);
  bytes.writeUInt32LE(notes.length, 33);
  identity.copy(bytes, FIELDS_BYTES);
  notes.copy(bytes, FIELDS_BYTES + identity.length);
  return bytes;
}

/**
 * The body that starts at a place. `undefined` for what is none, or has a note that this version does
 * not know and has to.
 */
export function decodeBody(stored: Buffer, start: number): RecordBody | undefined {
  if (stored.length < start + FIELDS_BYTES) return undefined;
  const identityAt = start + FIELDS_BYTES;
  const notesAt = identityAt + stored.readUInt32LE(start + 29);
  const valueAt = notesAt + stored.readUInt32LE(start + 33);
  if (valueAt > stored.length) return undefined;
  const notes = notesAt === valueAt ? NO_NOTES : decodeNotes(stored, notesAt, valueAt);
  const expiresAt = stored.readDoubleLE(start);
  const computedAt = stored.readDoubleLE(start + 8);
  const ms = stored.readDoubleLE(start + 16);
  if (!notes || Number.isNaN(expiresAt) || !(ms >= 0)) return undefined;
  const times = Number.isNaN(computedAt) ? { expiresAt, ms } : { expiresAt, ms, computedAt };
  return {
    fields: notes === NO_NOTES ? times : { ...times, ...notes },
    codec: stored[start + 28] as Codec,
    identity: stored.subarray(identityAt, notesAt),
    length: stored.readUInt32LE(start + 24),
    bytes: stored.subarray(valueAt),
  };
}
