/** A worker that no pool has started, and what it is asked to do; see `app/guest.mjs`. */

import { Worker } from 'node:worker_threads';
import { onTestFinished } from 'vitest';

const SCRIPT = new URL('./app/guest.mjs', import.meta.url);

interface Said {
  readonly id: number;
  readonly value: unknown;
  readonly error?: { readonly name: string; readonly code?: string; readonly message: string };
}

export class Guest {
  readonly worker: Worker;
  readonly threadId: number;
  /** Its exit code, once it has ended. */
  readonly exited: Promise<number>;
  /** Everything that has come over its own channel. */
  readonly said: Said[] = [];
  readonly #waiting = new Map<number, (said: Said) => void>();
  #asked = 0;

  /** @param first what it does before it hears anything; its answer is `said` with the id 0. */
  constructor(first?: { readonly deed: string; readonly args: readonly unknown[] }) {
    this.worker = new Worker(SCRIPT, { workerData: first });
    this.threadId = this.worker.threadId;
    this.exited = new Promise((resolve) => this.worker.once('exit', resolve));
    this.worker.on('message', (said: Said) => {
      this.said.push(said);
      this.#waiting.get(said.id)?.(said);
    });
    onTestFinished(() => void this.worker.terminate());
  }

  /** What it says to its `first`. */
  async first(): Promise<unknown> {
    return this.#answer(0);
  }

  async ask(deed: string, ...args: unknown[]): Promise<unknown> {
    const id = ++this.#asked;
    const answer = this.#answer(id);
    this.worker.postMessage({ id, deed, args });
    return answer;
  }

  async #answer(id: number): Promise<unknown> {
    const before = this.said.find((said) => said.id === id);
    const said = before ?? (await new Promise<Said>((resolve) => this.#waiting.set(id, resolve)));
    if (said.error) throw Object.assign(new Error(said.error.message), said.error);
    return said.value;
  }
}
