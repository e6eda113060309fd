/** What the index knows of a record: enough to count it, and to choose what goes. */

export interface IndexEntry {
  /** Of the last use, since 1970. */
  readonly minute: number;
  readonly hits: number;
  /** Of the record and its name. */
  readonly bytes: number;
  /** Milliseconds since 1970; the same as the record's, which is its version. */
  readonly storedAt: number;
  /** Milliseconds since 1970; `Infinity` for never. */
  readonly expiresAt: number;
  /** Milliseconds that computing the value took. */
  readonly ms: number;
}

const ENTRY_BYTES = 40;
const MINUTE_BYTES = 4;

export function minuteOf(date: number): number {
  return Math.floor(date / 60_000);
}

export function encodeIndexEntry(entry: IndexEntry): Buffer {
  const bytes = Buffer.allocUnsafeSlow(ENTRY_BYTES);
  bytes.writeUInt32LE(entry.minute, 0);
  bytes.writeUInt32LE(Math.min(entry.hits, 2 ** 32 - 1), 4);
  bytes.writeDoubleLE(entry.bytes, 8);
  bytes.writeDoubleLE(entry.storedAt, 16);
  bytes.writeDoubleLE(entry.expiresAt, 24);
  bytes.writeDoubleLE(entry.ms, 32);
  return bytes;
}

/** `undefined` for what is none. */
export function decodeIndexEntry(bytes: Buffer | undefined): IndexEntry | undefined {
  if (bytes?.length !== ENTRY_BYTES) return undefined;
  return {
    minute: bytes.readUInt32LE(0),
    hits: bytes.readUInt32LE(4),
    bytes: bytes.readDoubleLE(8),
    storedAt: bytes.readDoubleLE(16),
    expiresAt: bytes.readDoubleLE(24),
    ms: bytes.readDoubleLE(32),
  };
}

/** A name's place in the order of use. */
export function placeOf(minute: number, name: Uint8Array): Buffer {
  const place = Buffer.allocUnsafe(MINUTE_BYTES + name.length);
  place.writeUInt32BE(minute);
  place.set(name, MINUTE_BYTES);
  return place;
}

export function readPlace(place: Buffer): { readonly minute: number; readonly name: Buffer } {
  return { minute: place.readUInt32BE(), name: place.subarray(MINUTE_BYTES) };
}
