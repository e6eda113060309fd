/** Looks at all that is stored, a step at a time: what there is of each function, what is damaged. */

import type { Encoded } from '../../protocol.ts';
import { setImmediate } from '../../runtime/globals.ts';
import { ValueCheck } from '../../values/check.ts';
import type { FunctionOnDisk, Verified } from './contract.ts';
import type { Database } from './database.ts';
import { functionIdOf, PREFIX_BYTES } from './disk-key.ts';
import type { DiskEntries } from './entries.ts';
import type { IndexEntry } from './index-entry.ts';
import { indexIn } from './limits.ts';
import { decodeRecord } from './record.ts';
import { namesOf } from './steps.ts';

/** Bytes read in one event turn. */
const STEP_BYTES = 4 * 1024 * 1024;
const STEP_NAMES = 64;
/** Values in a record that are looked at in one event turn. */
const STEP_VALUES = 40_000;

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

export async function verify(db: Database, entries: DiskEntries): Promise<Verified> {
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

async function check(name: Buffer, bytes: Buffer, entries: DiskEntries): Promise<keyof Verified> {
  const size = bytes.length + name.length;
  const read = decodeRecord(name, bytes);
  const isDamaged = read.state === 'sound' && !(await isValue(read.record.value));
  if (isDamaged || read.state === 'damaged') {
    await entries.removeDamaged(name);
    return 'damaged';
  }
  // Of a format that is not known here: its writer knows what belongs to it.
  if (entries.isInOrder(name) || read.state === 'other') return 'sound';
  await entries.mend(name, size, read.record);
  return 'mended';
}

/** Whether this Node can decode it; where that takes long, in small steps. */
async function isValue(value: Encoded): Promise<boolean> {
  const check = new ValueCheck(value);
  for (;;) {
    const isSound = check.step(STEP_VALUES);
    if (isSound !== undefined) return isSound;
    await new Promise((resolve) => setImmediate(resolve));
  }
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
