/** Keeps the entries within limits, the longest unused first, a few at a time. */

import type { Clock } from '../../clock.ts';
import type { Database } from './database.ts';
import type { DiskEntries } from './entries.ts';
import { decodeIndexEntry, type IndexEntry } from './index-entry.ts';
import type { ResolvedLimits } from './options.ts';
import { stepsOf } from './steps.ts';
import { usageOf } from './usage.ts';

/** Milliseconds between two searches for what is too old. */
const SEARCH_EVERY = 10 * 60_000;

export class Limits {
  readonly #db: Database;
  readonly #entries: DiskEntries;
  readonly #clock: Clock;
  #enforcing: Promise<void> | undefined;
  #searched = Number.NEGATIVE_INFINITY;
  #stopped = false;

  constructor(db: Database, entries: DiskEntries, clock: Clock) {
    this.#db = db;
    this.#entries = entries;
    this.#clock = clock;
  }

  /** Whether there is something for {@link enforce} to do that is not being done. */
  due(limits: ResolvedLimits): boolean {
    return !this.#enforcing && (this.#searchIsDue(limits) || this.#exceeds(limits));
  }

  /** Only one at a time; who comes while it goes on waits for its end. */
  enforce(limits: ResolvedLimits): Promise<void> {
    this.#enforcing ??= this.#enforce(limits).finally(() => {
      this.#enforcing = undefined;
    });
    return this.#enforcing;
  }

  /** Removes the longest unused until the rest is within the limits. @returns how many */
  async apply(limits: ResolvedLimits): Promise<number> {
    let count = 0;
    while (!this.#stopped) {
      const { entries, size } = usageOf(this.#db);
      const excess = { entries: entries - limits.maxEntries, bytes: size - limits.maxSize };
      if (excess.entries <= 0 && excess.bytes <= 0) break;
      const { seen, removed } = await this.#entries.removeOldest(excess);
      if (seen === 0) break;
      count += removed;
    }
    return count;
  }

  /** Removes what was stored longer ago, and what has expired. @returns how many */
  async removeOld(maxAge: number): Promise<number> {
    const date = this.#clock.date();
    const isOld = ({ storedAt, expiresAt }: IndexEntry) =>
      expiresAt <= date || storedAt + maxAge <= date;
    let count = 0;
    for await (const step of indexIn(this.#db)) {
      if (this.#stopped) break;
      const old = step.filter(({ entry }) => isOld(entry));
      const removals = old.map(({ name, entry }) => this.#entries.removeIf(name, entry.storedAt));
      count += (await Promise.all(removals)).filter(Boolean).length;
    }
    return count;
  }

  /** What is going on ends after its next step. */
  stop(): void {
    this.#stopped = true;
  }

  async #enforce(limits: ResolvedLimits): Promise<void> {
    if (this.#searchIsDue(limits)) {
      this.#searched = this.#clock.now();
      await this.removeOld(limits.maxAge);
    }
    await this.apply(limits);
  }

  #exceeds({ maxEntries, maxSize }: ResolvedLimits): boolean {
    if (maxEntries === Number.POSITIVE_INFINITY && maxSize === Number.POSITIVE_INFINITY) {
      return false;
    }
    const { entries, size } = usageOf(this.#db);
    return entries > maxEntries || size > maxSize;
  }

  #searchIsDue({ maxAge }: ResolvedLimits): boolean {
    const every = Math.max(SEARCH_EVERY, maxAge / 10);
    return this.#clock.now() - this.#searched >= every;
  }
}

/** The whole index, in steps of one event turn each. What is not sound in it is left out. */
export async function* indexIn(db: Database) {
  for await (const names of stepsOf(db.index)) {
    yield names.flatMap((name) => {
      const entry = decodeIndexEntry(db.index.getBinary(name));
      return entry ? [{ name, entry }] : [];
    });
  }
}
