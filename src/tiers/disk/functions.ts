/**
 * The functions that have records, by the prefix of these: a row for each, so that people can read
 * whose they are, and a function's versions can be told from its name.
 *
 * Other processes forget functions at any time. So the row is put again with every record. A condition
 * would save that, but lmdb goes wrong about one within another that does not hold.
 */

import type { Database } from './database.ts';
import { type DiskFunction, functionIdOf, PREFIX_BYTES } from './disk-key.ts';
import { namesOf, STEP } from './steps.ts';
import type { Transactions } from './transactions.ts';

export class Functions {
  readonly #db: Database;
  readonly #transactions: Transactions;

  constructor(db: Database, transactions: Transactions) {
    this.#db = db;
    this.#transactions = transactions;
  }

  /** To be called while a record of it is written. */
  note({ prefix, identity }: DiskFunction): void {
    this.#db.functions.put(prefix, identity);
  }

  /** The one with this id, and those with versions behind it, as `id@version`. */
  versionsOf(functionId: string, own: DiskFunction): DiskFunction[] {
    const { functions } = this.#db;
    const versions = Array.from(functions.getRange(), ({ key, value }) => ({
      prefix: Buffer.from(key),
      identity: Buffer.from(value),
    })).filter(({ identity }) => functionIdOf(identity).startsWith(`${functionId}@`));
    return [own, ...versions];
  }

  /**
   * Everything of one function, in steps; first what is under way, which would be stored later.
   * @param remove what is stored under a name, to be called while something is written
   */
  async forget({ prefix }: DiskFunction, remove: (name: Buffer) => void): Promise<void> {
    const { records, leases, functions } = this.#db;
    // What others have written since this event turn began is meant, too.
    records.resetReadTxn();
    await this.#forEach(leases, prefix, (name) => leases.remove(name));
    await this.#forEach(records, prefix, remove);
    await this.#transactions.write(() => functions.remove(prefix));
  }

  /** Once through what there is: others may go on adding. */
  async #forEach(table: Database['records'], prefix: Buffer, forget: (name: Buffer) => void) {
    const end = Buffer.concat([prefix, Buffer.alloc(PREFIX_BYTES, 0xff)]);
    let start = prefix;
    for (;;) {
      const names = namesOf(table, { start, end, exclusiveStart: true, limit: STEP });
      if (names.length === 0) break;
      start = names.at(-1) as Buffer;
      await this.#transactions.write(() => {
        for (const name of names) forget(name);
      });
    }
  }
}
