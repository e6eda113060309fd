/** How do workers read from a store? Plain `Worker`s, each with the store open, that obey messages. */

import { once } from 'node:events';
import { type Transferable, Worker } from 'node:worker_threads';
import { resetBoard } from '../functions/board.js';
import type { KeyRange } from '../functions/cached-values.js';
import type { JobName, Orders, Report } from '../functions/jobs.js';
import type { StoreOrder, StoreWorkerData } from '../functions/store-worker.js';
import { plainNode } from '../scenario.ts';
import type { Crew } from './crew.ts';

export interface StoreOptions {
  readonly threads: number;
  /** The file in `functions/stores/`. */
  readonly store: string;
  /** False: each worker has one of its own, and fills it itself. */
  readonly isShared: boolean;
  readonly asksTogether?: boolean;
  readonly cachesNothing?: boolean;
  /** What each worker's store is opened with. */
  dataFor?(): { readonly data: unknown; readonly transfer?: readonly Transferable[] };
  /** Called when the workers are gone. */
  closed?(): Promise<void> | void;
}

/** Starts the workers, and waits until all have opened their stores. */
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
  const module = new URL(`../functions/stores/${store}`, import.meta.url).href;
  const workerData: StoreWorkerData = { module, data, asksTogether };
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
