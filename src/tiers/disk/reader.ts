/**
 * A directory as a worker thread reads it by itself: one look-up in the memory that lmdb maps, which the
 * process has open already. It writes nothing and removes nothing: what is damaged or has expired is left
 * to the coordinator's thread, which is asked for what is not found here.
 *
 * Reads are made of a snapshot, which lmdb takes at the first read of an event turn.
 */

import type { RecordRead, RecordReader } from '../../protocol.ts';
import { dateNow } from '../../runtime/globals.ts';
import { LARGE } from '../../values/shared-memory.ts';
import { peekRecord } from '../found.ts';
import { openForReading } from './database.ts';
import { DiskKeys } from './disk-key.ts';
import { decodeIndexEntry, minuteOf } from './index-entry.ts';
import { decodeRecord } from './record.ts';

/** Minutes after the last use that was noted: to note one costs the coordinator's thread more than a hit. */
const NEWS_AFTER = 10;

export interface DiskReading {
  readonly path: string;
  /** Milliseconds. */
  readonly maxAge: number;
}

/** @throws {MissingPackageError} {@link DiskAccessError} */
export function openReader({ path, maxAge }: DiskReading): RecordReader {
  const { records, index, close } = openForReading(path);
  const keys = new DiskKeys();
  return {
    get(functionId, key): RecordRead | undefined {
      const diskKey = keys.key(functionId, key);
      const found = records.getBinaryFast(diskKey.name);
      // What is large goes into shared memory, where the coordinator keeps it for all threads.
      if (!found || found.length >= LARGE) return undefined;
      const bytes = Buffer.from(found.buffer, found.byteOffset, found.length);
      const read = decodeRecord(diskKey.name, bytes, diskKey);
      if (read.state !== 'sound') return undefined;
      const { storedAt, ...record } = read.record;
      const sound = peekRecord(record, true);
      const date = dateNow();
      if (sound === 'none' || sound === 'later') return undefined;
      if (sound.expiresAt <= date || storedAt + maxAge <= date) return undefined;
      const { value, expiresAt } = sound;
      const { ms, staleFor = 0, renewableFor = 0, tags = [], dependsOn = [] } = record;
      // Whether it still counts, or is to be renewed, is for the coordinator to say.
      if (renewableFor > 0 || tags.length + dependsOn.length > 0) return undefined;
      return { value, ms, expiresAt, isKept: staleFor === 0 };
    },
    isNews(functionId, key): boolean {
      const entry = decodeIndexEntry(index.getBinary(keys.key(functionId, key).name));
      return entry !== undefined && minuteOf(dateNow()) - entry.minute >= NEWS_AFTER;
    },
    takeSnapshot: () => records.resetReadTxn(),
    close,
  };
}
