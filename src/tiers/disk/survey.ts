/** Looks at all that is stored, a step at a time: what there is of each function, what is damaged. */

import type { FunctionOnDisk, Verified } from './contract.ts';
import type { Database } from './database.ts';
import { functionIdOf, PREFIX_BYTES } from './disk-key.ts';
import type { Entries } from './entries.ts';
import type { IndexEntry } from './index-entry.ts';
import { indexIn } from './limits.ts';
import { decodeRecord, isSound } from './record.ts';
import { namesOf } from './steps.ts';

/** Bytes read in one event turn. */
const STEP_BYTES = 4 * 1024 * 1024;
const STEP_NAMES = 64;

export async function functionsOf(db: Database): Promise<Record<string, FunctionOnDisk>> {
  const byPrefix = new Map<string, FunctionOnDisk>();
  for await (const step of indexIn(db)) {
    for (const { name, entry } of step) {
      const prefix = name.toString('hex', 0, PREFIX_BYTES);
      byPrefix.set(prefix, add(byPrefix.get(prefix), entry));
    }
  }
  return Object.fromEntries([...byPrefix].map(([prefix, sums]) => [nameOf(db, prefix), sums]));
}

export async function verify(db: Database, entries: Entries): Promise<Verified> {
  const found = { sound: 0, damaged: 0, mended: 0 };
  let last: Buffer | undefined;
  for (;;) {
    const range = last ? { start: last, exclusiveStart: true } : {};
    const names = namesOf(db.records, { ...range, limit: STEP_NAMES });
    if (names.length === 0) return found;
    let bytes = 0;
    for (const name of names) {
      last = name;
      const record = entries.record(name);
      if (!record) continue;
      bytes += record.length;
      found[await check(name, record, entries)]++;
      if (bytes > STEP_BYTES) break;
    }
    await new Promise((resolve) => setImmediate(resolve));
  }
}

async function check(name: Buffer, bytes: Buffer, entries: Entries): Promise<keyof Verified> {
  if (!isSound(name, bytes)) {
    await entries.removeDamaged(name);
    return 'damaged';
  }
  if (entries.isInOrder(name)) return 'sound';
  const read = decodeRecord(name, bytes);
  // Of a format that is not known here: whoever has written it knows what belongs to it.
  if (read.state !== 'sound') return 'sound';
  await entries.mend(name, bytes.length + name.length, read.record);
  return 'mended';
}

function add(sums: FunctionOnDisk | undefined, entry: IndexEntry): FunctionOnDisk {
  const { bytes, hits, ms, storedAt } = entry;
  if (!sums) return { entries: 1, bytes, hits, ms, oldest: storedAt, newest: storedAt };
  return {
    entries: sums.entries + 1,
    bytes: sums.bytes + bytes,
    hits: sums.hits + hits,
    ms: sums.ms + ms,
    oldest: Math.min(sums.oldest, storedAt),
    newest: Math.max(sums.newest, storedAt),
  };
}

function nameOf(db: Database, prefix: string): string {
  const identity = db.functions.getBinary(Buffer.from(prefix, 'hex'));
  return identity ? functionIdOf(identity) : prefix;
}
