/**
 * In which order things happen to keys: on one key in the order in which they were asked for. A barrier,
 * of one function or of all, comes after everything asked before it and before everything asked after
 * it, of that function or of all. Functions do not wait for each other.
 */

/** To be waited for, where there is nothing to wait for. */
const NOTHING: Promise<unknown> = Promise.resolve();

/** What is under way of one function. */
interface OfFunction {
  /** The last of each key. */
  readonly tails: Map<string, Promise<unknown>>;
  barrier: Promise<unknown> | undefined;
}

export class KeyOrder {
  /** Those of which something is under way. */
  readonly #functions = new Map<string, OfFunction>();
  /** The last barrier of all functions that is under way. */
  #barrier: Promise<unknown> | undefined;

  /**
   * `run` must not reject. What it hands to `background` is not part of its answer, and what comes next
   * on the key waits for it all the same; that must not reject either.
   */
  run<T>(
    fn: string,
    key: string,
    run: (background: (work: Promise<void>) => void) => Promise<T>,
  ): Promise<T> {
    const own = this.#of(fn);
    const { tails, barrier } = own;
    const tail = tails.get(key);
    const waits = tail || barrier || this.#barrier;
    const before = waits ? Promise.all([tail, barrier, this.#barrier]) : NOTHING;
    let rest: Promise<void> | undefined;
    const answer = before.then(() =>
      run((work) => {
        rest = work;
      }),
    );
    const done = answer.then(() => rest);
    tails.set(key, done);
    void done.then(() => {
      if (tails.get(key) === done) tails.delete(key);
      this.#leave(fn, own);
    });
    return answer;
  }

  /** Whether something that was asked for before has not come to its end. */
  isBusy(fn: string, key: string): boolean {
    const own = this.#functions.get(fn);
    return (
      this.#barrier !== undefined || own?.barrier !== undefined || own?.tails.has(key) === true
    );
  }

  /** Whether a barrier that was asked for before has not come to its end. */
  isBarred(fn: string): boolean {
    return this.#barrier !== undefined || this.#functions.get(fn)?.barrier !== undefined;
  }

  /** `run` must not reject. Without a function, it is a barrier of all. */
  runAlone(fn: string | undefined, run: () => Promise<void>): Promise<void> {
    return fn === undefined ? this.#afterAll(run) : this.#afterAllOf(fn, run);
  }

  /** Settles when everything that was asked for has come to its end. */
  async settled(): Promise<void> {
    await Promise.all(this.#underway());
  }

  async #afterAll(run: () => Promise<void>): Promise<void> {
    const done = Promise.all(this.#underway()).then(run);
    this.#barrier = done;
    await done;
    if (this.#barrier === done) this.#barrier = undefined;
  }

  async #afterAllOf(fn: string, run: () => Promise<void>): Promise<void> {
    const own = this.#of(fn);
    const done = Promise.all([this.#barrier, own.barrier, ...own.tails.values()]).then(run);
    own.barrier = done;
    await done;
    if (own.barrier === done) own.barrier = undefined;
    this.#leave(fn, own);
  }

  #underway(): (Promise<unknown> | undefined)[] {
    const own = [...this.#functions.values()];
    return [this.#barrier, ...own.flatMap(({ tails, barrier }) => [barrier, ...tails.values()])];
  }

  #of(fn: string): OfFunction {
    const known = this.#functions.get(fn);
    if (known) return known;
    const made: OfFunction = { tails: new Map(), barrier: undefined };
    this.#functions.set(fn, made);
    return made;
  }

  #leave(fn: string, own: OfFunction): void {
    const isOver = own.tails.size === 0 && !own.barrier;
    if (isOver && this.#functions.get(fn) === own) this.#functions.delete(fn);
  }
}
