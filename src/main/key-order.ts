/**
 * In which order things happen to keys: on one key in the order in which they were asked for, and a
 * barrier after everything asked before it and before everything asked after it.
 */

/** To be waited for, where there is nothing to wait for. */
const NOTHING: Promise<unknown> = Promise.resolve();

export class KeyOrder {
  /** The last of each key that is under way. */
  readonly #tails = new Map<string, Promise<unknown>>();
  /** The last barrier that is under way. */
  #barrier: Promise<unknown> | undefined;

  /**
   * `run` must not reject. What it hands to `behind` is not part of its answer, and what comes next
   * on the key waits for it all the same; that must not reject either.
   */
  run<T>(key: string, run: (behind: (work: Promise<void>) => void) => Promise<T>): Promise<T> {
    const tail = this.#tails.get(key);
    const before = tail || this.#barrier ? Promise.all([tail, this.#barrier]) : NOTHING;
    let rest: Promise<void> | undefined;
    const answer = before.then(() =>
      run((work) => {
        rest = work;
      }),
    );
    const done = answer.then(() => rest);
    this.#tails.set(key, done);
    void done.then(() => {
      if (this.#tails.get(key) === done) this.#tails.delete(key);
    });
    return answer;
  }

  /** Whether something that was asked for before has not come to its end. */
  isBusy(key: string): boolean {
    return this.#barrier !== undefined || this.#tails.has(key);
  }

  /** `run` must not reject. */
  async runAlone(run: () => Promise<void>): Promise<void> {
    const before = [this.#barrier, ...this.#tails.values()];
    const done = Promise.all(before).then(run);
    this.#barrier = done;
    await done;
    if (this.#barrier === done) this.#barrier = undefined;
  }

  /** Settles when everything that was asked for has come to its end. */
  async settled(): Promise<void> {
    await Promise.all([this.#barrier, ...this.#tails.values()]);
  }
}
