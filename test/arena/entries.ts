/** What the arena's tests store, and how they look at what is there. */

import type { Handle, NewEntry } from '../../src/arena/entries.ts';
import { ArenaReader } from '../../src/arena/reader.ts';
import type { ArenaWriter } from '../../src/arena/writer.ts';

/** A random number generator that gives the same numbers each time (mulberry32). */
export function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Bytes that no other entry has. */
export function bytesFor(text: string, length: number): Uint8Array {
  const bytes = Buffer.alloc(length, text, 'utf16le');
  return new Uint8Array(bytes);
}

let versions = 0;

/** A version that no other entry has. */
export function nextVersion(): number {
  return ++versions;
}

export function entry(key: string, length: number, more: Partial<NewEntry> = {}): NewEntry {
  const forGood = { expiresAt: Number.POSITIVE_INFINITY, version: nextVersion() };
  return { fn: 1, key, codec: 6, bytes: bytesFor(key, length), cost: 1, ...forGood, ...more };
}

/** A reader in this thread. */
export function join(writer: ArenaWriter): ArenaReader {
  const slot = writer.threads.join();
  if (slot === undefined) throw new Error('no slot');
  return new ArenaReader(writer.share, slot);
}

/** The value as a reader finds it, `undefined` when it doesn't. */
export function read(reader: ArenaReader, fn: number, key: string, now = 0): Buffer | undefined {
  if (!reader.find(fn, key, now)) return undefined;
  const copy = Buffer.from(reader.bytes.subarray(reader.start, reader.start + reader.length));
  reader.leave();
  return copy;
}

/** Adds, evicting whatever comes first in `order` as long as that helps. */
export function store(
  writer: ArenaWriter,
  added: NewEntry,
  evict: () => boolean,
): Handle | undefined {
  for (;;) {
    const handle = writer.add(added);
    if (handle !== undefined) return handle;
    if (writer.refusal === 'full' ? !evict() : writer.refusal !== 'behind') return undefined;
  }
}
