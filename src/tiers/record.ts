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
 *     ...   fields, identity and value, as in every store: see `record-body.ts`
 * ```
 *
 * The generations are not signed: who can write to Redis can bring an old record back, and can set
 * the generations, too. What a signature refuses is a value that no process with the secret has computed.
 */

import { createHmac, timingSafeEqual } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { packed, unpacked } from './packing.ts';
import { decodeBody, encodeFields } from './record-body.ts';
import type { TierRecord } from './tier.ts';

/** Records of another one are misses, and are removed: by older versions, too. */
const FORMAT = 2;
const SIGNED = 1;
const COMPRESSED = 2;

export const HEAD_BYTES = 4;
const GENERATIONS_BYTES = 16;
const CRC_BYTES = 4;
const HMAC_BYTES = 32;
const WRITER_BYTES = 8;

/** What a record begins with, whichever its flags are: for the scripts. */
export const MAGIC = Buffer.of(0x54, 0x4d, FORMAT);

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
  record: TierRecord,
  { writer, secret, compressAbove }: RecordFormat,
): Promise<EncodedRecord> {
  const { bytes } = record.value;
  const small = bytes.length > compressAbove ? await packed(bytes) : undefined;
  const flags = (secret ? SIGNED : 0) | (small ? COMPRESSED : 0);
  const head = Buffer.concat([MAGIC, Buffer.of(flags)]);
  const check = Buffer.alloc(secret ? HMAC_BYTES : CRC_BYTES);
  const fields = encodeFields(identity, record);
  const body = Buffer.concat([check, writer, fields, small ?? bytes]);
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
  const checked = stored.subarray(HEAD_BYTES + GENERATIONS_BYTES);
  const flags = head[3] as number;
  const start = secret ? HMAC_BYTES : CRC_BYTES;
  const isKnown = head.subarray(0, 3).equals(MAGIC) && (flags & SIGNED) === (secret ? SIGNED : 0);
  if (!isKnown || checked.length < start + WRITER_BYTES) return undefined;
  if (!timingSafeEqual(checked.subarray(0, start), checkOf(head, checked, secret))) {
    return undefined;
  }
  const body = decodeBody(checked, start + WRITER_BYTES);
  if (!body?.identity.equals(identity)) return undefined;
  const isPacked = (flags & COMPRESSED) !== 0;
  const bytes = isPacked ? await unpacked(body.bytes, body.length) : body.bytes;
  if (bytes?.length !== body.length) return undefined;
  const isOwn = writer.equals(checked.subarray(start, start + WRITER_BYTES));
  return { value: { codec: body.codec, bytes: new Uint8Array(bytes) }, ...body.fields, isOwn };
}

/** Of all but the generations and the checksum itself. */
function checkOf(head: Buffer, body: Buffer, secret: Buffer | undefined): Buffer {
  if (secret)
    return createHmac('sha256', secret).update(head).update(body.subarray(HMAC_BYTES)).digest();
  const check = Buffer.alloc(CRC_BYTES);
  check.writeUInt32LE(crc32(body.subarray(CRC_BYTES), crc32(head)));
  return check;
}
