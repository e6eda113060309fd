/**
 * The inputs of `map`, read one by one and closed once: when they are at their end, or when no more of
 * them are wanted, also while the next one is waited for. `for await` closes a source only between
 * two inputs: one that waits for ever would stay open for ever.
 */

import { Readable } from 'node:stream';

export class Source<T> {
  readonly #inputs: unknown;
  readonly #iterator: Iterator<T> | AsyncIterator<T>;
  #isOver = false;
  #isPending = false;

  constructor(inputs: Iterable<T> | AsyncIterable<T>) {
    this.#inputs = inputs;
    // A text is no object, and `in` would throw.
    const iterable = Object(inputs) as Iterable<T> | AsyncIterable<T>;
    this.#iterator =
      Symbol.asyncIterator in iterable
        ? iterable[Symbol.asyncIterator]()
        : iterable[Symbol.iterator]();
  }

  /** The next input in a box; `undefined` at the end, or once it is closed. */
  async next(): Promise<{ readonly input: T } | undefined> {
    if (this.#isOver) return undefined;
    this.#isPending = true;
    const { done, value } = await this.#step();
    if (done) this.#isOver = true;
    // What an iterable that is not asynchronous gives may be promises.
    return done ? undefined : { input: await (value as T) };
  }

  /** Settles when the source has let go; at once if it may still wait for its next input. */
  async close(): Promise<void> {
    if (this.#isOver) return;
    this.#isOver = true;
    if (!this.#isPending) return void (await this.#iterator.return?.());
    // A stream's iterator takes its end only after the next input, and a stream can be ended itself.
    if (this.#inputs instanceof Readable) this.#inputs.destroy();
    void this.#returnLater();
  }

  /** @throws what the source throws, which is its end */
  async #step(): Promise<IteratorResult<T>> {
    try {
      return await this.#iterator.next();
    } catch (failure) {
      this.#isOver = true;
      throw failure;
    } finally {
      this.#isPending = false;
    }
  }

  /** Its failure is of no concern any more. */
  async #returnLater(): Promise<void> {
    try {
      await this.#iterator.return?.();
    } catch {}
  }
}
