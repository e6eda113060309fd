/** Which calls of a function have records? By the index alone, so that to look counts as no use, and what has expired is seen. */

import { setImmediate } from '../../runtime/globals.ts';
import type { EntryOnDisk } from './contract.ts';
import type { Database } from './database.ts';
import { type DiskFunction, type DiskKey, keyIn, PREFIX_BYTES } from './disk-key.ts';
import { decodeIndexEntry } from './index-entry.ts';
import { namesOf, STEP } from './steps.ts';

export function entryOf(
  { index }: Pick<Database, 'index'>,
  { name }: Pick<DiskKey, 'name'>,
  key: string | undefined,
): EntryOnDisk | undefined {
  const found = decodeIndexEntry(index.getBinary(name));
  if (!found) return undefined;
  const { minute: _, ...entry } = found;
  return { key, ...entry };
}

/** In the order of their names, {@link STEP} of them in one event turn. */
export async function* entriesOf(
  db: Pick<Database, 'index'>,
  { prefix }: DiskFunction,
  functionId: string,
): AsyncGenerator<EntryOnDisk, void, undefined> {
  const end = Buffer.concat([prefix, Buffer.alloc(PREFIX_BYTES, 0xff)]);
  let range: { start: Buffer; exclusiveStart?: boolean } = { start: prefix };
  for (;;) {
    const names = namesOf(db.index, { ...range, end, limit: STEP });
    for (const name of names) {
      const entry = entryOf(db, { name }, keyIn(name, functionId));
      if (entry) yield entry;
    }
    const last = names.at(-1);
    if (!last) return;
    range = { start: last, exclusiveStart: true };
    await new Promise<void>((resolve) => setImmediate(resolve));
  }
}
