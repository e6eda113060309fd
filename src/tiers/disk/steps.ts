/** Goes through a table in steps, between which the event loop turns. */

import { setImmediate } from '../../runtime/globals.ts';
import type { Table } from './database.ts';

/** Read or written in one event turn by work in the background. */
export const STEP = 128;

/** The names as of now, copied, because lmdb reads the next one into the memory of the last. */
export function namesOf(
  table: Table,
  range: { start?: Buffer; end?: Buffer; limit: number; exclusiveStart?: boolean },
): Buffer[] {
  return Array.from(table.getKeys(range), (name) => Buffer.from(name));
}

/** All names, {@link STEP} at a time. */
export async function* stepsOf(table: Table) {
  let last: Buffer | undefined;
  for (;;) {
    const names = namesOf(
      table,
      last ? { start: last, exclusiveStart: true, limit: STEP } : { limit: STEP },
    );
    if (names.length === 0) return;
    yield names;
    last = names.at(-1);
    await new Promise((resolve) => setImmediate(resolve));
  }
}
