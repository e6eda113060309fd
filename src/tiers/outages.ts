/** That a server cannot be used: counted, warned of once an outage, and the error of whoever asks. */

export class Outages {
  readonly #name: string;
  readonly #AccessError: new (
    message: string,
    options: ErrorOptions,
  ) => Error;
  #count = 0;
  #cause: unknown;
  #isOut = false;

  /** @param name as users call it */
  constructor(name: string, AccessError: new (message: string, options: ErrorOptions) => Error) {
    this.#name = name;
    this.#AccessError = AccessError;
  }

  /** So far. */
  get count(): number {
    return this.#count;
  }

  /** Also when it goes on, for another reason. */
  begin(cause: unknown): void {
    this.#cause = cause ?? new Error('the connection has ended');
    if (this.#isOut) return;
    this.#isOut = true;
    this.#count++;
    const why = this.#cause instanceof Error ? this.#cause.message : String(this.#cause);
    process.emitWarning(
      `${this.#name} cannot be used (${why || 'no reason given'}): each process computes for itself until it can`,
      'ThreadmemoWarning',
    );
  }

  end(): void {
    this.#isOut = false;
  }

  away(): Error {
    return this.#error(`${this.#name} cannot be used for now, and is tried again later`);
  }

  /** For what began in another session than the present one. */
  past(): Error {
    const what = 'what was made before may be invalid by now, and is not stored';
    return this.#error(`${this.#name} was away meanwhile: ${what}`);
  }

  closed(): Error {
    const what = `the tier of ${this.#name} was closed, as a pool does with its tiers`;
    return this.#error(`${what}: open another one`);
  }

  #error(message: string): Error {
    return new this.#AccessError(message, { cause: this.#cause });
  }
}
