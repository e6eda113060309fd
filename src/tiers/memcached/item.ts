/**
 * An item as it lies in memcached: a lease, a record, or both, so that one compare-and-swap decides
 * over both.
 *
 * ```
 *  0  'TI'  so that what is another program's is seen at once
 *  2  u8    format of the item
 *  3  u8    1: nothing is here because the record is too large
 *  4  u32   CRC-32 of the item's name and of what follows, up to the body
 *  8  16    token of the lease; zeros for none
 * 24  f64   ms that were left of the record when this was written; Infinity for ever
 * 32  u32   seconds for which memcached was told to keep the item
 * 36  4     head of the record; zeros for none
 * 40  16    the generations that it belongs to: of everything, of the function
 * 56  ...   body of the record, which has a checksum of its own: see `../record.ts`
 * ```
 *
 * Clocks of processes may differ by any time, so no process believes the date of another. memcached tells
 * how many seconds are left of what it was told, so a reader knows how old an item is, within two
 * seconds, and takes away that much from what was left.
 */

import { crc32 } from 'node:zlib';
import { HEAD_BYTES } from '../record.ts';

const FORMAT = 1;
const TOO_LARGE = 1;
const CHECKED_FROM = 8;
const RECORD_AT = 36;
const GENERATIONS_AT = RECORD_AT + HEAD_BYTES;
export const GENERATIONS_BYTES = 16;
const BODY_AT = GENERATIONS_AT + GENERATIONS_BYTES;
const TOKEN_BYTES = 16;
const NO_TOKEN = Buffer.alloc(TOKEN_BYTES);
const NO_HEAD = Buffer.alloc(HEAD_BYTES);
/** Of the seconds in which memcached counts, each of two times may be short of one. */
const COUNTING = 1000;

export interface Item {
  readonly generations: Buffer;
  /** A process computes it; without a token none does. */
  readonly token: Buffer | undefined;
  readonly tooLarge: boolean;
  /** Head, generations and body. */
  readonly record: Buffer | undefined;
  /** Milliseconds left of the record. */
  readonly left: number;
}

/** @param ttl seconds */
export function encodeItem(name: string, item: Item, ttl: number): Buffer {
  const { token = NO_TOKEN, record } = item;
  const body = record?.subarray(HEAD_BYTES + GENERATIONS_BYTES) ?? Buffer.of();
  const bytes = Buffer.allocUnsafe(BODY_AT + body.length);
  bytes.write('TI', 0, 'latin1');
  bytes[2] = FORMAT;
  bytes[3] = item.tooLarge ? TOO_LARGE : 0;
  token.copy(bytes, CHECKED_FROM);
  bytes.writeDoubleLE(item.left, 24);
  bytes.writeUInt32LE(ttl, 32);
  (record ?? NO_HEAD).copy(bytes, RECORD_AT, 0, HEAD_BYTES);
  item.generations.copy(bytes, GENERATIONS_AT);
  body.copy(bytes, BODY_AT);
  bytes.writeUInt32LE(checksum(name, bytes), 4);
  return bytes;
}

/**
 * `undefined` for what is damaged, foreign or of another format.
 * @param keptFor seconds for which memcached will still keep it
 */
export function decodeItem(name: string, bytes: Buffer, keptFor: number): Item | undefined {
  const isOurs = bytes.length >= BODY_AT && bytes.toString('latin1', 0, 2) === 'TI';
  if (!isOurs || bytes[2] !== FORMAT || bytes.readUInt32LE(4) !== checksum(name, bytes)) {
    return undefined;
  }
  const token = bytes.subarray(CHECKED_FROM, CHECKED_FROM + TOKEN_BYTES);
  const head = bytes.subarray(RECORD_AT, GENERATIONS_AT);
  const left = bytes.readDoubleLE(24);
  if (Number.isNaN(left)) return undefined;
  const age = (bytes.readUInt32LE(32) - keptFor) * 1000 + COUNTING;
  return {
    generations: bytes.subarray(GENERATIONS_AT, BODY_AT),
    token: token.equals(NO_TOKEN) ? undefined : token,
    tooLarge: bytes[3] === TOO_LARGE,
    record: head.equals(NO_HEAD) ? undefined : bytes.subarray(RECORD_AT),
    left: left - age,
  };
}

function checksum(name: string, bytes: Buffer): number {
  return crc32(bytes.subarray(CHECKED_FROM, BODY_AT), crc32(name, bytes[3]));
}
