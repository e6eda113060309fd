/**
 * A record as it lies on the disk.
 *
 * ```
 *  0  u32  checksum of the record's name and of all that follows here
 *  4  u8   format of the record
 *  5  f64  stored at, ms since 1970, with a random fraction: no two records of a key share it
 * 13  ...  fields, identity and value, as in every store: see `../record-body.ts`
 * ```
 *
 * The identity is the function id, and the key when it does not stand in the name. The checksum is
 * CRC-32, because it is there to notice accidents, and costs a tenth of what SHA-256 does; who can
 * write to the directory could forge either. When the last use was is not in here: a read would have
 * to write the whole record. It stands in the index, see `entries.ts`.
 */

import { crc32 } from 'node:zlib';
import { LARGE, sharedCopy } from '../../values/shared-memory.ts';
import { decodeBody, encodeFields } from '../record-body.ts';
import type { TierRecord } from '../tier.ts';
import type { DiskKey } from './disk-key.ts';

const FORMAT = 2;
const HEAD_BYTES = 13;

export interface DiskRecord extends TierRecord {
  /** Milliseconds since 1970. */
  readonly storedAt: number;
}

export type ReadRecord =
  | { readonly state: 'sound'; readonly record: DiskRecord }
  /** Another key's, or of a later format: none of ours, and not to be touched. */
  | { readonly state: 'other' }
  /** Or of an earlier format. */
  | { readonly state: 'damaged' };

export function encodeRecord(
  { name, identity }: DiskKey,
  record: TierRecord,
  storedAt: number,
): Buffer {
  const fields = encodeFields(identity, record);
  const start = HEAD_BYTES + fields.length;
  const bytes = Buffer.allocUnsafeSlow(start + record.value.bytes.length);
  bytes[4] = FORMAT;
  bytes.writeDoubleLE(storedAt, 5);
  fields.copy(bytes, HEAD_BYTES);
  bytes.set(record.value.bytes, start);
  bytes.writeUInt32LE(checksum(name, bytes), 0);
  return bytes;
}

/**
 * The value's bytes are a copy that owns its memory: `bytes` may be the database's own, which is
 * valid for a moment only. What is large is copied to where it is kept and handed out, and never
 * again.
 * @param key without it, any sound record will do
 */
export function decodeRecord(name: Uint8Array, bytes: Buffer, key?: DiskKey): ReadRecord {
  if (!isSound(name, bytes)) return { state: 'damaged' };
  const format = bytes[4] as number;
  if (format !== FORMAT) return { state: format < FORMAT ? 'damaged' : 'other' };
  const body = decodeBody(bytes, HEAD_BYTES);
  if (!body || body.bytes.length !== body.length) return { state: 'damaged' };
  if (key && !key.identity.equals(body.identity)) return { state: 'other' };
  const value = { codec: body.codec, bytes: copyOf(body.bytes) };
  const storedAt = bytes.readDoubleLE(5);
  return { state: 'sound', record: { value, ...body.fields, storedAt } };
}

function copyOf(bytes: Uint8Array): Uint8Array {
  return bytes.length < LARGE ? new Uint8Array(bytes) : sharedCopy(bytes);
}

function isSound(name: Uint8Array, bytes: Buffer): boolean {
  return bytes.length >= HEAD_BYTES && bytes.readUInt32LE(0) === checksum(name, bytes);
}

function checksum(name: Uint8Array, bytes: Uint8Array): number {
  return crc32(bytes.subarray(4), crc32(name));
}
