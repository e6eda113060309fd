/** When the refresh of an entry may be tried again after one has failed. Of this process alone. */

import type { Clock } from '../clock.ts';
import type { FunctionRecord } from './function-record.ts';

/** Entries from which those whose time is over are looked for, and dropped. */
const MANY = 1000;

export class Backoffs {
  readonly #clock: Pick<Clock, 'now'>;
  readonly #until = new Map<string, number>();
  #sweepAt = MANY;

  constructor(clock: Pick<Clock, 'now'>) {
    this.#clock = clock;
  }

  /** Until when none is tried; 0 if one may be. */
  of(fn: FunctionRecord, key: string): number {
    if (this.#until.size === 0) return 0;
    const name = nameOf(fn, key);
    const until = this.#until.get(name) ?? 0;
    if (until > this.#clock.now()) return until;
    this.#until.delete(name);
    return 0;
  }

  begin(fn: FunctionRecord, key: string, ms: number): number {
    const until = this.#clock.now() + ms;
    this.#until.set(nameOf(fn, key), until);
    if (this.#until.size > this.#sweepAt) this.#sweep();
    return until;
  }

  /** Of one entry; without a key, of all of the function's. */
  end(fn: FunctionRecord, key: string | undefined): void {
    if (this.#until.size === 0) return;
    if (key !== undefined) return void this.#until.delete(nameOf(fn, key));
    const prefix = nameOf(fn, '');
    for (const name of this.#until.keys()) if (name.startsWith(prefix)) this.#until.delete(name);
  }

  /** Seldom enough that each entry pays for a constant part of it. */
  #sweep(): void {
    const now = this.#clock.now();
    for (const [name, until] of this.#until) if (until <= now) this.#until.delete(name);
    this.#sweepAt = Math.max(MANY, 2 * this.#until.size);
  }
}

function nameOf(fn: FunctionRecord, key: string): string {
  return `${fn.number} ${key}`;
}
