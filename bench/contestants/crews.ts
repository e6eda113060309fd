/**
 * What is a contestant that works inside worker threads? A crew: so many workers, which fill what
 * they read from, and then all do one job at the same time.
 */
import { once } from 'node:events';
import { type Transferable, Worker } from 'node:worker_threads';
import { type KeyRange, keysOf } from '../functions/cached-values.js';
import type { JobName, Orders, Report } from '../functions/jobs.js';
import type { Manner } from '../functions/memoized-jobs.js';
import { resetBoard } from '../functions/shared.js';
import type { StoreOrder, StoreWorkerData } from '../functions/store-worker.js';
import type { StoreName } from '../functions/stores.js';
import { type Closable, plainNode } from '../scenario.ts';

export interface Crew extends Closable {
  /** Set by one that caches nothing: all of the work again and again would take a minute. */
  readonly cachesNothing?: boolean;
  readonly workers: number;
  /** Forgets all there is, then puts the values of these keys where they will be read from. */
  fill(keys: readonly KeyRange[]): Promise<void>;
  /** Adds the values of so many numbers. */
  fillNumbered(first: number, count: number): Promise<void>;
  /** Gives each order to a worker of its own. */
  run<Name extends JobName>(job: Name, orders: readonly Orders[Name][]): Promise<Report[]>;
}

/** The same order for so many workers, who begin together. */
export function ordersFor<Order>(crowd: number, order: Order): (Order & { crowd: number })[] {
  return Array.from({ length: crowd }, () => ({ ...order, crowd }));
}

/** Nanoseconds that one worker took for one, on average over the workers. */
export function nanosecondsEach(reports: readonly Report[]): number {
  const each = reports.map(({ done, began, ended }) => ((ended - began) * 1e6) / done);
  return each.reduce((sum, ns) => sum + ns, 0) / each.length;
}

/** Milliseconds from when the first began until the last was done. */
export function wallOf(reports: readonly Report[]): number {
  const ended = Math.max(...reports.map((report) => report.ended));
  return ended - Math.min(...reports.map((report) => report.began));
}

export function doneBy(reports: readonly Report[]): number {
  return reports.reduce((sum, { done }) => sum + done, 0);
}

interface Pool extends Closable {
  clear(): Promise<void>;
}

type Memoized = typeof import('../functions/memoized-jobs.js');

/** Enough that no scenario evicts anything. */
const maxSize = '256mb';
/** A few keys of a set may have been read before: the one that is checked. */
const fewest = 0.95;

/**
 * threadmemo's own workers, which do the jobs inside a memoized function that asks others.
 * @param manner how a worker asks; see `functions/memoized-jobs.js`
 */
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
    return this.#memoized.valuesOf[this.#manner];
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

export interface StoreOptions {
  readonly threads: number;
  readonly store: StoreName;
  /** False: each worker has one of its own, and fills it itself. */
  readonly isShared: boolean;
  readonly asksTogether?: boolean;
  readonly cachesNothing?: boolean;
  /** What each worker's store is opened with. */
  dataFor?(): { readonly data: unknown; readonly transfer?: readonly Transferable[] };
  /** Called when the workers are gone. */
  closed?(): Promise<void> | void;
}

/** Starts plain `Worker`s that obey messages, and waits until all have opened their stores. */
export async function openStoreCrew(options: StoreOptions): Promise<Crew> {
  const crew = new StoreCrew(options);
  await crew.ready();
  return crew;
}

type Answer = { readonly report: unknown } | { readonly failure: unknown };

class StoreCrew implements Crew {
  readonly #workers: readonly Worker[];
  readonly #options: StoreOptions;

  constructor(options: StoreOptions) {
    this.#options = options;
    this.#workers = Array.from({ length: options.threads }, () => startWorker(options));
  }

  get workers(): number {
    return this.#workers.length;
  }

  get cachesNothing(): boolean {
    return this.#options.cachesNothing ?? false;
  }

  async ready(): Promise<void> {
    await Promise.all(this.#workers.map(answerOf));
  }

  async fill(keys: readonly KeyRange[]): Promise<void> {
    const fillers = this.#options.isShared ? this.#workers.slice(0, 1) : this.#workers;
    await Promise.all(fillers.map((worker) => ask(worker, { type: 'fill', keys })));
  }

  async fillNumbered(first: number, count: number): Promise<void> {
    const fillers = this.#options.isShared ? this.#workers.slice(0, 1) : this.#workers;
    await Promise.all(fillers.map((worker) => ask(worker, { type: 'fillNumbered', first, count })));
  }

  async run<Name extends JobName>(job: Name, orders: readonly Orders[Name][]): Promise<Report[]> {
    resetBoard();
    const workers = this.#workers.slice(0, orders.length);
    const reports = workers.map((worker, i) => {
      return ask(worker, { type: 'job', job, order: orders[i] as never });
    });
    return (await Promise.all(reports)) as Report[];
  }

  async close(): Promise<void> {
    await Promise.all(
      this.#workers.map(async (worker) => {
        const exit = once(worker, 'exit');
        await ask(worker, { type: 'close' });
        await exit;
      }),
    );
    await this.#options.closed?.();
  }
}

function startWorker({ store, asksTogether = false, dataFor }: StoreOptions): Worker {
  const { data, transfer = [] } = dataFor?.() ?? { data: undefined };
  const workerData: StoreWorkerData = { store, data, asksTogether };
  return new Worker(new URL('../functions/store-worker.js', import.meta.url), {
    ...plainNode,
    workerData,
    transferList: [...transfer],
  });
}

async function ask(worker: Worker, order: StoreOrder): Promise<unknown> {
  const answer = answerOf(worker);
  worker.postMessage(order);
  return await answer;
}

/** @throws what the worker has thrown */
async function answerOf(worker: Worker): Promise<unknown> {
  const [answer] = (await once(worker, 'message')) as [Answer];
  if ('failure' in answer) throw answer.failure;
  return answer.report;
}
