/**
 * A record as it lies on the disk: a header, whose it is, and the value's bytes.
 *
 * ```
 *  0  u32  checksum of the record's name and of all that follows here
 *  4  u8   format of the record
 *  5  u8   codec of the value
 *  8  f64  expires at, ms since 1970; Infinity for never
 * 16  f64  ms that computing the value took
 * 24  f64  stored at, ms since 1970, with a random fraction: no two records of a key share it
 * 32  u32  bytes of the identity: function id, and the key when it does not stand in the name
 * 36  ...  identity, value
 * ```
 *
 * The checksum is CRC-32, because it is there to notice accidents, and costs a tenth of what
 * SHA-256 does; who can write to the directory could forge either. When the last use was is not in
 * here: a read would have to write the whole record. It stands in the index, see `entries.ts`.
 */

import { crc32 } from 'node:zlib';
import type { Codec } from '../../protocol.ts';
import { LARGE, sharedCopy } from '../../values/shared-memory.ts';
import type { TierRecord } from '../tier.ts';
import type { DiskKey } from './disk-key.ts';

const FORMAT = 1;
const HEADER_BYTES = 36;

export interface StoredRecord extends TierRecord {
  /** Milliseconds since 1970. */
  readonly storedAt: number;
}

export type ReadRecord =
  | { readonly state: 'sound'; readonly record: StoredRecord }
  /** Another key's, or of a format that is not known: none of ours, and not to be touched. */
  | { readonly state: 'other' }
  | { readonly state: 'damaged' };

export function encodeRecord(
  { name, identity }: DiskKey,
  { value, expiresAt, ms }: TierRecord,
  storedAt: number,
): Buffer {
  const start = HEADER_BYTES + identity.length;
  const bytes = Buffer.allocUnsafeSlow(start + value.bytes.length);
  bytes.fill(0, 0, HEADER_BYTES);
  bytes[4] = FORMAT;
  bytes[5] = value.codec;
  bytes.writeDoubleLE(expiresAt, 8);
  bytes.writeDoubleLE(ms, 16);
  bytes.writeDoubleLE(storedAt, 24);
  bytes.writeUInt32LE(identity.length, 32);
  identity.copy(bytes, HEADER_BYTES);
  bytes.set(value.bytes, start);
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
  if (bytes[4] !== FORMAT) return { state: 'other' };
  const start = HEADER_BYTES + bytes.readUInt32LE(32);
  if (key && !key.identity.equals(bytes.subarray(HEADER_BYTES, start))) return { state: 'other' };
  const record = {
    value: { codec: bytes[5] as Codec, bytes: copyOf(bytes.subarray(start)) },
    expiresAt: bytes.readDoubleLE(8),
    ms: bytes.readDoubleLE(16),
    storedAt: bytes.readDoubleLE(24),
  };
  return { state: 'sound', record };
}

function copyOf(bytes: Uint8Array): Uint8Array {
  return bytes.length < LARGE ? new Uint8Array(bytes) : sharedCopy(bytes);
}

export function isSound(name: Uint8Array, bytes: Buffer): boolean {
  return bytes.length >= HEADER_BYTES && bytes.readUInt32LE(0) === checksum(name, bytes);
}

function checksum(name: Uint8Array, bytes: Uint8Array): number {
  return crc32(bytes.subarray(4), crc32(name));
}
