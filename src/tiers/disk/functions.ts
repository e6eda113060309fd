/**
 * The functions that have records, by the prefix of these: a row for each, so that people can read
 * whose they are, and a function's versions can be told from its name.
 *
 * Other processes forget functions at any time. So the row is put again with every record. A condition
 * would save that, but lmdb goes wrong about one within another that does not hold.
 */

import { setImmediate } from '../../runtime/globals.ts';
import type { Database } from './database.ts';
import { type DiskFunction, functionIdOf, PREFIX_BYTES } from './disk-key.ts';
import { namesOf, STEP } from './steps.ts';
import type { Transactions } from './transactions.ts';

/** Forgotten at once on a disk without room: each may need a page of its own in three tables. */
const SHORT_STEP = 16;

/** By what stands before an `@` in their ids. */
type Versions = ReadonlyMap<string, readonly DiskFunction[]>;

interface Range {
  readonly start?: Buffer;
  readonly end?: Buffer;
  readonly exclusiveStart?: boolean;
}

export class Functions {
  readonly #db: Database;
  readonly #transactions: Transactions;
  #reading: Promise<Versions> | undefined;
  /** For all that ask while one is under way: that may have passed what they are to find. */
  #nextReading: Promise<Versions> | undefined;

  constructor(db: Database, transactions: Transactions) {
    this.#db = db;
    this.#transactions = transactions;
  }

  /** To be called while a record of it is written. */
  note({ prefix, identity }: DiskFunction): void {
    this.#db.functions.put(prefix, identity);
  }

  /** Those with versions behind this id, as `id@version`: all that are there now, and maybe later ones. */
  async versionsOf(functionId: string): Promise<readonly DiskFunction[]> {
    const versions = await (this.#reading ? this.#readNext(this.#reading) : this.#read());
    return versions.get(functionId) ?? [];
  }

  /** Those whose ids begin like this, and whether these are all. */
  withPrefix(prefix: string): { readonly functions: DiskFunction[]; readonly areAll: boolean } {
    const all = this.#some({});
    const functions = all.filter(({ identity }) => functionIdOf(identity).startsWith(prefix));
    return { functions, areAll: functions.length === all.length };
  }

  /**
   * Everything of one function, in steps; first what is under way, which would be stored later.
   * @param remove what is stored under a name, to be called while something is written
   */
  async forget({ prefix }: DiskFunction, remove: (name: Buffer) => void): Promise<void> {
    const { functions } = this.#db;
    const end = Buffer.concat([prefix, Buffer.alloc(PREFIX_BYTES, 0xff)]);
    await this.#forgetRange({ start: prefix, end }, remove);
    await this.#transactions.forget(() => functions.remove(prefix));
  }

  /** Of all of them. */
  forgetAll(remove: (name: Buffer) => void): Promise<void> {
    return this.#forgetRange({}, remove);
  }

  async #forgetRange(range: Range, remove: (name: Buffer) => void): Promise<void> {
    const { records, leases } = this.#db;
    // What others have written since this event turn began is meant, too.
    records.resetReadTxn();
    await this.#forEach(leases, range, (name) => leases.remove(name));
    await this.#forEach(records, range, remove);
  }

  /** Once through what there is: others may go on adding. */
  async #forEach(table: Database['records'], range: Range, forget: (name: Buffer) => void) {
    let from = range;
    for (;;) {
      const limit = this.#transactions.isShort() ? SHORT_STEP : STEP;
      const names = namesOf(table, { ...from, limit });
      const last = names.at(-1);
      if (!last) break;
      from = { ...range, start: last, exclusiveStart: true };
      await this.#transactions.forget(() => {
        for (const name of names) forget(name);
      });
    }
  }

  #readNext(present: Promise<Versions>): Promise<Versions> {
    const read = () => {
      this.#nextReading = undefined;
      return this.#read();
    };
    this.#nextReading ??= present.then(read, read);
    return this.#nextReading;
  }

  #read(): Promise<Versions> {
    const reading = this.#readVersions().finally(() => {
      this.#reading = undefined;
    });
    this.#reading = reading;
    return reading;
  }

  /** In steps: what others add meanwhile need not be found, and what was there is. */
  async #readVersions(): Promise<Versions> {
    const versions = new Map<string, DiskFunction[]>();
    let start: Buffer | undefined;
    for (;;) {
      const rows = this.#some({ limit: STEP, ...(start && { start, exclusiveStart: true }) });
      for (const version of rows) addVersion(versions, version);
      start = rows.at(-1)?.prefix;
      if (rows.length < STEP) return versions;
      await new Promise<void>((resolve) => setImmediate(resolve));
    }
  }

  /** Copied, because lmdb reads the next one into the memory of the last. */
  #some(range: { start?: Buffer; exclusiveStart?: boolean; limit?: number }): DiskFunction[] {
    return Array.from(this.#db.functions.getRange(range), ({ key, value }) => ({
      prefix: Buffer.from(key),
      identity: Buffer.from(value),
    }));
  }
}

function addVersion(versions: Map<string, DiskFunction[]>, version: DiskFunction): void {
  const id = functionIdOf(version.identity);
  for (let at = id.indexOf('@'); at >= 0; at = id.indexOf('@', at + 1)) {
    const known = versions.get(id.slice(0, at));
    if (known) known.push(version);
    else versions.set(id.slice(0, at), [version]);
  }
}
