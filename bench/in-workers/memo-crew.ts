/** How do threadmemo's own workers do the jobs? Inside a memoized function, which asks others. */

import type { Closable } from '../contestants/contestant.ts';
import { resetBoard } from '../functions/board.js';
import { type KeyRange, keysOf } from '../functions/cached-values.js';
import type { JobName, Orders, Report } from '../functions/jobs.js';
import type { Manner } from '../functions/memoized-jobs.js';
import { plainNode } from '../scenario.ts';
import type { Crew } from './crew.ts';

interface Pool extends Closable {
  clear(): Promise<void>;
}

type Memoized = typeof import('../functions/memoized-jobs.js');

/** Enough that no scenario evicts anything. */
const maxSize = '256mb';
/** A few keys of a set may have been read before: the one that is checked. */
const fewest = 0.95;

/** @param manner how a worker asks; see `functions/memoized-jobs.js` */
export async function openMemoCrew(threads: number, manner: Manner): Promise<Crew> {
  const { createPool } = await import('../functions/threadmemo.js');
  const pool = await createPool({ threads, maxSize, worker: plainNode });
  return new MemoCrew(await import('../functions/memoized-jobs.js'), manner, pool, threads);
}

class MemoCrew implements Crew {
  readonly #memoized: Memoized;
  readonly #manner: Manner;
  readonly #pool: Pool;
  readonly workers: number;
  #lastTicket = 0;

  constructor(memoized: Memoized, manner: Manner, pool: Pool, workers: number) {
    this.#memoized = memoized;
    this.#manner = manner;
    this.#pool = pool;
    this.workers = workers;
  }

  get #value() {
    return this.#manner === 'frozen' ? this.#memoized.frozenValue : this.#memoized.value;
  }

  async fill(keys: readonly KeyRange[]): Promise<void> {
    await this.#pool.clear();
    await Promise.all(keys.flatMap(keysOf).map((key) => this.#value(key)));
  }

  async fillNumbered(first: number, count: number): Promise<void> {
    const { numbered } = this.#memoized;
    await Promise.all(Array.from({ length: count }, (_, i) => numbered(first + i)));
  }

  async run<Name extends JobName>(job: Name, orders: readonly Orders[Name][]): Promise<Report[]> {
    resetBoard();
    const { shared } = this.#value.stats().hitsIn;
    const reports = await Promise.all(
      orders.map((order) => {
        const ticket = ++this.#lastTicket;
        return this.#memoized.perform({ manner: this.#manner, job, order: order as never, ticket });
      }),
    );
    if (job === 'readOnce') this.#expectShared(reports, this.#value.stats().hitsIn.shared - shared);
    return reports;
  }

  /** @throws {Error} when what was measured as shared hits was something else */
  #expectShared(reports: readonly Report[], shared: number): void {
    const reads = reports.reduce((sum, { done }) => sum + done, 0);
    if (shared >= reads * fewest) return;
    throw new Error(`only ${shared} of ${reads} reads were answered by the shared memory`);
  }

  close(): Promise<void> {
    return this.#pool.close();
  }
}
