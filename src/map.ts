/**
 * A function over many inputs, with a window of calls at once: results in the order of the inputs.
 *
 * The window holds calls that are open and results that nobody has taken yet. Inputs are read only
 * when it has room, so neither a slow consumer nor an endless source makes it grow. Whoever stops
 * early (a failed call, a `break`, an abort) leaves the calls that are open, and closes the source.
 */

import { onAbort } from './abort.ts';
import type { ResolvedMapOptions } from './options.ts';

export type Inputs<T> = Iterable<T> | AsyncIterable<T>;

/** Starts the call for one input; the signal ends its wait. */
type Call<T, R> = (input: T, signal: AbortSignal) => Promise<R>;

export async function* mapInOrder<T, R>(
  inputs: Inputs<T>,
  call: Call<T, R>,
  options: ResolvedMapOptions,
): AsyncGenerator<R, void, undefined> {
  const { signal } = options;
  signal?.throwIfAborted();
  const stop = new AbortController();
  const endWatch = signal && onAbort(signal, () => stop.abort(signal.reason));
  const window = new Window(call, options, stop.signal);
  void window.fill(inputs);
  try {
    for (let next = await window.first(); next; next = await window.first()) yield next.value;
  } finally {
    endWatch?.();
    stop.abort(new DOMException('nobody reads the results any more', 'AbortError'));
  }
}

class Window<T, R> {
  readonly #call: Call<T, R>;
  readonly #options: ResolvedMapOptions;
  readonly #stop: AbortSignal;
  /** In the order of the inputs; the last may be the source's failure. */
  readonly #results: Promise<R>[] = [];
  #open = 0;
  #started = 0;
  #done = 0;
  #allStarted = false;
  #wake: (() => void)[] = [];

  constructor(call: Call<T, R>, options: ResolvedMapOptions, stop: AbortSignal) {
    this.#call = call;
    this.#options = options;
    this.#stop = stop;
    stop.addEventListener('abort', () => this.#changed(), { once: true });
  }

  /** Starts calls until the inputs are at their end, or the work is stopped. Never rejects. */
  async fill(inputs: Inputs<T>): Promise<void> {
    try {
      for await (const input of inputs) {
        if (this.#stop.aborted) return;
        this.#open++;
        this.#started++;
        this.#push(this.#start(input));
        while (this.#open >= this.#options.concurrency && !this.#stop.aborted) await this.#change();
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
    const value = await first;
    this.#open--;
    this.#changed();
    return { value };
  }

  async #start(input: T): Promise<R> {
    const value = await this.#call(input, this.#stop);
    this.#done++;
    this.#options.onProgress?.({ done: this.#done, started: this.#started });
    return value;
  }

  #push(result: Promise<R>): void {
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
