/**
 * A record as it lies in a store of bytes: a head, the generations that it belongs to, and a body.
 *
 * ```
 *  0  'TM'  so that what is another program's is seen at once
 *  2  u8    format of the record
 *  3  u8    flags: 1 is signed, 2 is compressed
 *  4  8     generation of everything      put here by what stores it, and compared by what
 * 12  8     generation of the function    reads it
 * 20  u32   CRC-32 of head, identity and body; or 32 bytes of HMAC-SHA-256 if it is signed
 *     8     who has written it
 *     f64   expires at, by the clock of who has written it; Infinity for never
 *     f64   ms that computing the value took
 *     u32   bytes of the value, not compressed
 *     u8    codec of the value
 *     u32   bytes of the identity: function id and key
 *     ...   identity, value
 * ```
 *
 * The generations are not signed: who can write to Redis can bring an old record back, and can set
 * the generations, too. What a signature refuses is a value that nobody has computed.
 */

import { createHmac, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import { brotliCompress, brotliDecompress, constants, crc32 } from 'node:zlib';
import type { Codec } from '../protocol.ts';
import type { TierRecord } from './tier.ts';

const FORMAT = 1;
const SIGNED = 1;
const COMPRESSED = 2;

export const HEAD_BYTES = 4;
const GENERATIONS_BYTES = 16;
const CRC_BYTES = 4;
const HMAC_BYTES = 32;
/** Before the identity, behind the checksum. */
const FIELDS_BYTES = 8 + 8 + 8 + 4 + 1 + 4;

/** What a record begins with, whichever its flags are: for the scripts. */
export const MAGIC = Buffer.of(0x54, 0x4d, FORMAT);

const compress = promisify(brotliCompress);
const decompress = promisify(brotliDecompress);

export interface RecordFormat {
  /** Who writes: eight bytes that no other process has. */
  readonly writer: Buffer;
  readonly secret: Buffer | undefined;
  /** Values of more bytes are compressed. */
  readonly compressAbove: number;
}

/** What is stored, without the generations between them. */
export interface EncodedRecord {
  readonly head: Buffer;
  readonly body: Buffer;
}

export interface StoredRecord extends TierRecord {
  /** Written by this process: `expiresAt` is by its own clock. */
  readonly isOwn: boolean;
}

export async function encodeRecord(
  identity: Buffer,
  { value, expiresAt, ms }: TierRecord,
  { writer, secret, compressAbove }: RecordFormat,
): Promise<EncodedRecord> {
  const packed = value.bytes.length > compressAbove ? await compressed(value.bytes) : undefined;
  const bytes = packed ?? value.bytes;
  const flags = (secret ? SIGNED : 0) | (packed ? COMPRESSED : 0);
  const head = Buffer.concat([MAGIC, Buffer.of(flags)]);
  let at = secret ? HMAC_BYTES : CRC_BYTES;
  const body = Buffer.allocUnsafe(at + FIELDS_BYTES + identity.length + bytes.length);
  at += writer.copy(body, at);
  at = body.writeDoubleLE(expiresAt, at);
  at = body.writeDoubleLE(ms, at);
  at = body.writeUInt32LE(value.bytes.length, at);
  at = body.writeUInt8(value.codec, at);
  at = body.writeUInt32LE(identity.length, at);
  at += identity.copy(body, at);
  body.set(bytes, at);
  checkOf(head, body, secret).copy(body);
  return { head, body };
}

/**
 * Its bytes are a copy that owns its memory. `undefined` for what is damaged, foreign, of another
 * format, not signed as it should be, or another key's.
 */
export async function decodeRecord(
  identity: Buffer,
  stored: Buffer,
  { writer, secret }: RecordFormat,
): Promise<StoredRecord | undefined> {
  const head = stored.subarray(0, HEAD_BYTES);
  const body = stored.subarray(HEAD_BYTES + GENERATIONS_BYTES);
  const flags = head[3] as number;
  const checkBytes = secret ? HMAC_BYTES : CRC_BYTES;
  const isKnown = head.subarray(0, 3).equals(MAGIC) && (flags & SIGNED) === (secret ? SIGNED : 0);
  if (!isKnown || body.length < checkBytes + FIELDS_BYTES) return undefined;
  if (!timingSafeEqual(body.subarray(0, checkBytes), checkOf(head, body, secret))) return undefined;
  const fields = body.subarray(checkBytes);
  const start = FIELDS_BYTES + fields.readUInt32LE(29);
  if (!identity.equals(fields.subarray(FIELDS_BYTES, start))) return undefined;
  const length = fields.readUInt32LE(24);
  const bytes = await unpacked(fields.subarray(start), length, (flags & COMPRESSED) !== 0);
  return (
    bytes && {
      value: { codec: fields[28] as Codec, bytes },
      expiresAt: fields.readDoubleLE(8),
      ms: fields.readDoubleLE(16),
      isOwn: writer.equals(fields.subarray(0, 8)),
    }
  );
}

/** `undefined` where it does not get smaller. */
async function compressed(bytes: Uint8Array): Promise<Buffer | undefined> {
  const params = { [constants.BROTLI_PARAM_QUALITY]: 4 };
  // A copy: those of a large value lie in shared memory.
  const packed = await compress(Buffer.from(bytes), { params });
  return packed.length < bytes.length ? packed : undefined;
}

async function unpacked(
  bytes: Buffer,
  length: number,
  isCompressed: boolean,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  if (!isCompressed) return bytes.length === length ? new Uint8Array(bytes) : undefined;
  try {
    const whole = await decompress(bytes, { maxOutputLength: Math.max(length, 1) });
    return whole.length === length ? new Uint8Array(whole) : undefined;
  } catch {
    return undefined;
  }
}

/** Of all but the generations and the checksum itself. */
function checkOf(head: Buffer, body: Buffer, secret: Buffer | undefined): Buffer {
  if (secret)
    return createHmac('sha256', secret).update(head).update(body.subarray(HMAC_BYTES)).digest();
  const check = Buffer.alloc(CRC_BYTES);
  check.writeUInt32LE(crc32(body.subarray(CRC_BYTES), crc32(head)));
  return check;
}
