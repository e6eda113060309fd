/** That a server cannot be used: counted, warned of once an outage, and the error for each operation. */

import { type OutageEvent, outages } from '../events/channels.ts';
import { withoutPasswords } from '../text/printable.ts';
import type { Warnings } from '../text/warnings.ts';

export class Outages {
  readonly #name: string;
  readonly #AccessError: new (
    message: string,
    options: ErrorOptions,
  ) => Error;
  readonly #warnings: Warnings;
  #count = 0;
  #cause: unknown;
  #isOut = false;

  /** @param name as users call it */
  constructor(
    name: string,
    AccessError: new (message: string, options: ErrorOptions) => Error,
    warnings: Warnings,
  ) {
    this.#name = name;
    this.#warnings = warnings;
    this.#AccessError = AccessError;
  }

  /** So far. */
  get count(): number {
    return this.#count;
  }

  /** Also when it goes on, for another reason. */
  begin(cause: unknown): void {
    this.#cause = withoutCommand(cause ?? new Error('the connection has ended'));
    if (this.#isOut) return;
    this.#isOut = true;
    this.#count++;
    this.#tell('begun');
    const why = this.#cause instanceof Error ? this.#cause.message : String(this.#cause);
    this.#warnings.warn(
      'outage',
      `${this.#name} cannot be used (${why || 'no reason given'}): each process computes for itself until it can`,
    );
  }

  end(): void {
    if (this.#isOut) this.#tell('over');
    this.#isOut = false;
  }

  #tell(state: OutageEvent['state']): void {
    if (!outages.hasSubscribers) return;
    const cause = state === 'begun' ? this.#cause : undefined;
    const event: OutageEvent = { tier: this.#name, state, cause };
    outages.publish(event);
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

/** A client's error may quote the command that has failed, which may be the one with the password. */
function withoutCommand(cause: unknown): unknown {
  if (!(cause instanceof Error)) return cause;
  const message = withoutPasswords(cause.message);
  if (message === cause.message && !('command' in cause)) return cause;
  const { name } = cause;
  const code = 'code' in cause && { code: cause.code };
  return Object.defineProperty(Object.assign(new Error(message), code), 'name', { value: name });
}
