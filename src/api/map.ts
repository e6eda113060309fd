/**
 * A function over many inputs, with a window of calls at once: results in the order of the inputs.
 *
 * The window holds calls that are open and results that were not taken yet. Inputs are read only when
 * it has room, so neither a slow consumer nor an endless source makes it grow. It is bounded in calls,
 * and in bytes: those of inputs and results that it holds, and those that open calls will bring. How
 * large results are shows when there are some: so it starts narrow. A consumer that stops early (a
 * failed call, a `break`, an abort) leaves the calls that are open, and closes the source.
 */

import { onAbort } from '../call/abort.ts';
import type { ResolvedMapOptions } from '../options.ts';
import { roughSize } from '../values/rough-size.ts';
import { Source } from './source.ts';
import { TypicalSize } from './typical-size.ts';

/** What `f.map()` reads: one argument or, for a function of several, an array of arguments each. */
export type Inputs<T> = Iterable<T> | AsyncIterable<T>;

/** Starts the call for one input; the signal ends its wait. */
type Call<T, R> = (input: T, signal: AbortSignal) => Promise<R>;

/** Bytes that a window holds, and will hold when its calls are answered. */
const MOST_BYTES = 2 ** 24;

/** @param threads that compute: for each there is a call, however large results are */
export async function* mapInOrder<T, R>(
  inputs: Inputs<T>,
  call: Call<T, R>,
  options: ResolvedMapOptions,
  threads: () => number,
): AsyncGenerator<R, void, undefined> {
  const { signal } = options;
  signal?.throwIfAborted();
  const stop = new AbortController();
  const endWatch = signal && onAbort(signal, () => stop.abort(signal.reason));
  const window = new Window(call, options, Math.max(1, threads()), stop.signal);
  const source = new Source(inputs);
  void window.fill(source);
  try {
    for (let next = await window.first(); next; next = await window.first()) yield next.value;
  } finally {
    endWatch?.();
    stop.abort(new DOMException('the results are no longer read', 'AbortError'));
    await source.close();
  }
}

interface Result<R> {
  readonly value: R;
  readonly bytes: number;
}

class Window<T, R> {
  readonly #call: Call<T, R>;
  readonly #options: ResolvedMapOptions;
  readonly #threads: number;
  readonly #stop: AbortSignal;
  /** In the order of the inputs; the last may be the source's failure. */
  readonly #results: Promise<Result<R>>[] = [];
  readonly #typical = new TypicalSize();
  /** Calls whose results were not taken. */
  #open = 0;
  /** Of these, the ones that are not answered. */
  #unanswered = 0;
  /** Bytes of their inputs, and of the results of the others. */
  #held = 0;
  #started = 0;
  #done = 0;
  #allStarted = false;
  #wake: (() => void)[] = [];

  constructor(call: Call<T, R>, options: ResolvedMapOptions, threads: number, stop: AbortSignal) {
    this.#call = call;
    this.#options = options;
    this.#threads = threads;
    this.#stop = stop;
    stop.addEventListener('abort', () => this.#changed(), { once: true });
  }

  /** Starts calls until the inputs are at their end, or the work is stopped. Never rejects. */
  async fill(source: Source<T>): Promise<void> {
    try {
      for (let next = await source.next(); next; next = await source.next()) {
        if (this.#stop.aborted) return;
        this.#open++;
        this.#started++;
        this.#push(this.#start(next.input));
        while (this.#isFull && !this.#stop.aborted) await this.#change();
        if (this.#stop.aborted) return;
      }
    } catch (failure) {
      this.#push(Promise.reject(failure));
    }
    this.#allStarted = true;
    this.#changed();
  }

  /** The next result, in a box; `undefined` at the end. Rejects with what its call was rejected. */
  async first(): Promise<{ readonly value: R } | undefined> {
    while (this.#results.length === 0 && !this.#allStarted && !this.#stop.aborted) {
      await this.#change();
    }
    this.#stop.throwIfAborted();
    const first = this.#results.shift();
    if (!first) return undefined;
    const { value, bytes } = await first;
    this.#open--;
    this.#held -= bytes;
    this.#changed();
    return { value };
  }

  /** Before the first result, there is one call more than threads, so that none has to wait. */
  get #isFull(): boolean {
    if (this.#open >= this.#options.concurrency) return true;
    if (this.#open < this.#threads) return false;
    const { bytes } = this.#typical;
    if (bytes === undefined) return this.#open > this.#threads;
    return this.#held + this.#unanswered * bytes >= MOST_BYTES;
  }

  /** The input is not held by what waits: its call has a copy, and frees that when it is answered. */
  #start(input: T): Promise<Result<R>> {
    const bytes = roughSize(input);
    this.#held += bytes;
    this.#unanswered++;
    return this.#answered(this.#call(input, this.#stop), bytes);
  }

  async #answered(answer: Promise<R>, inputBytes: number): Promise<Result<R>> {
    const value = await answer;
    const bytes = roughSize(value);
    this.#typical.add(bytes);
    this.#held += bytes - inputBytes;
    this.#unanswered--;
    this.#done++;
    this.#changed();
    const { onProgress } = this.#options;
    onProgress?.({ done: this.#done, started: this.#started });
    return { value, bytes };
  }

  #push(result: Promise<Result<R>>): void {
    // Its turn to be looked at may come much later, or never.
    result.catch(() => {});
    this.#results.push(result);
    this.#changed();
  }

  #change(): Promise<void> {
    return new Promise((resolve) => this.#wake.push(resolve));
  }

  #changed(): void {
    for (const wake of this.#wake.splice(0)) wake();
  }
}
