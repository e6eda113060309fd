/** Removes what processes have left that died with leases, of keys that no process has asked for. */

import type { Database } from './database.ts';
import type { Holders } from './holders.ts';
import { stepsOf } from './steps.ts';
import type { Transactions } from './transactions.ts';

export async function removeLeftovers(
  db: Database,
  transactions: Transactions,
  holders: Holders,
): Promise<void> {
  const { leases } = db;
  const removeIfDead = async (name: Buffer) => {
    const row = leases.getEntry(name);
    if (row?.version === undefined || holders.isAlive(row.value)) return;
    await transactions.writeIf(leases, name, row.version, () => void leases.remove(name));
  };
  for await (const names of stepsOf(leases)) await Promise.all(names.map(removeIfDead));
  for await (const names of stepsOf(db.holders)) {
    await Promise.all(names.map((holder) => holders.bury(holder)));
  }
}
