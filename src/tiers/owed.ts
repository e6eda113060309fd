/**
 * What a tier still has although it was invalidated: a delete or a clear that it has refused, or that
 * was late, or a write that was late and may still come after a delete.
 *
 * Invariant: what is owed is not read from the tier until it was deleted there, or a record was put
 * over it. It is tried again, with pauses that grow, as long as the process runs, and once more at the
 * end. What that takes is bounded: of many keys all of their function is owed, see `debts.ts`.
 *
 * A tier that makes up for what it has rejected before it answers again (`makesUp`) can be read
 * meanwhile. It is only noted here until it answers, for the case that it never does. What it did not
 * reject, but was late with, is owed like that of any tier.
 */

import type { Clock, Timer } from '../clock.ts';
import type { Warnings } from '../text/warnings.ts';
import { covers, Debts } from './debts.ts';
import type { Invalidation, Tier } from './tier.ts';
import { LateAnswer } from './tier-limit.ts';

/** Milliseconds until it is tried again, at first and at most. */
const FIRST_PAUSE = 1000;
const LONGEST_PAUSE = 30_000;
/** Milliseconds after which what is late may be lost, and is asked for again. */
const LOST_AFTER = 60_000;
/** What is late and waited for; of more, it is not waited for. */
const MOST_LATE = 1000;
/** Named in the last warning; and characters of each. */
const NAMED = 5;
const LONGEST_NAME = 120;

export interface OwedParts {
  readonly clock: Clock;
  readonly warnings: Warnings;
  /** Asks the tier to forget it. */
  readonly pay: (what: Invalidation) => Promise<void>;
  readonly changed: (size: number) => void;
}

export class Owed {
  readonly #tier: Tier;
  readonly #parts: OwedParts;
  readonly #debts = new Debts();
  /** Writes that may still come. */
  readonly #lateWrites = new Set<Invalidation>();
  /** What may still be forgotten: not asked for again meanwhile. */
  readonly #lateForgets = new Set<Invalidation>();
  #pause = FIRST_PAUSE;
  #next: Timer | undefined;
  #trying: Promise<void> | undefined;
  #isClosed = false;
  /** The tier may answer with what is owed. */
  #isOpen = false;
  #why = '';

  constructor(tier: Tier, parts: OwedParts) {
    this.#tier = tier;
    this.#parts = parts;
  }

  /** Whether the tier may have something old under this key. */
  has(functionId: string, key: string): boolean {
    if (this.#isLate(this.#lateWrites, functionId, key)) return true;
    if (this.#isLate(this.#lateForgets, functionId, key)) return true;
    return this.#isOpen && this.#debts.owes(functionId, key);
  }

  /** The tier was to forget it, and has failed. */
  add(what: Invalidation, error: unknown): void {
    this.#why = error instanceof Error ? error.message : String(error);
    const isLate = error instanceof LateAnswer && this.#lateForgets.size < MOST_LATE;
    if (isLate) this.#waitFor(what, error.over);
    else this.#debts.add(what);
    this.#isOpen ||= !this.#tier.makesUp || error instanceof LateAnswer;
    this.#changed();
    if (!this.#isOpen) return;
    this.#tryLater();
    this.#parts.warnings.warn(
      `${this.#tier.name} owes`,
      `${this.#called} did not forget what was invalidated (${this.#why}): this process does not read ` +
        'it there until it has; another process may find it',
    );
  }

  /** A write is late: once it is `over`, whatever it has written is old. */
  addWhenOver(functionId: string, key: string, over: Promise<unknown>): void {
    const write: Invalidation = { of: 'key', functionId, key };
    if (this.#lateWrites.size >= MOST_LATE) {
      return this.add({ of: 'function', functionId }, new Error('too many writes are late'));
    }
    this.#lateWrites.add(write);
    void over.then(() => {
      this.#lateWrites.delete(write);
      this.#owe(write);
    });
  }

  /** The tier has forgotten it, or has a new record in its place. */
  settle(what: Invalidation): void {
    for (const late of this.#lateForgets) if (covers(what, late)) this.#lateForgets.delete(late);
    this.#debts.settle(what);
    this.#changed();
  }

  /** The tier has answered something. */
  answered(): void {
    if (!this.#isOpen && this.#lateForgets.size === 0) this.settle({ of: 'all' });
  }

  /** Tries once more, and says what is left. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#next?.cancel();
    await this.#trying;
    for (const late of this.#lateForgets) this.#debts.add(late);
    this.#lateForgets.clear();
    if (this.#debts.isEmpty) return;
    await this.#payAll();
    const { size } = this.#debts;
    if (size === 0) return;
    const named = [...this.#debts.all()].slice(0, NAMED).map(nameOf).join(', ');
    this.#parts.warnings.warn(
      `${this.#tier.name} is closed and owes`,
      `${this.#called} was closed and still has what was invalidated (${this.#why}): ` +
        `${named}${size > NAMED ? `, and ${size - NAMED} more` : ''}. ` +
        'Later processes may find it there: clear the tier, or invalidate it again',
    );
  }

  get #called(): string {
    return `the tier '${this.#tier.name}'`;
  }

  #isLate(late: ReadonlySet<Invalidation>, functionId: string, key: string): boolean {
    if (late.size === 0) return false;
    const wanted: Invalidation = { of: 'key', functionId, key };
    return [...late].some((what) => covers(what, wanted));
  }

  /** It may still be forgotten; if not, it is owed like the rest. */
  #waitFor(what: Invalidation, over: Promise<boolean>): void {
    this.#lateForgets.add(what);
    const ended = (isForgotten: boolean) => {
      lost.cancel();
      // Unless it was settled meanwhile.
      if (!this.#lateForgets.delete(what)) return;
      if (isForgotten) this.#changed();
      else this.#owe(what);
    };
    const lost = this.#parts.clock.after(LOST_AFTER, () => ended(false));
    void over.then(ended);
  }

  #owe(what: Invalidation): void {
    this.#debts.add(what);
    this.#isOpen = true;
    this.#changed();
    this.#try();
  }

  #tryLater(): void {
    if (this.#isClosed || this.#next || this.#trying || this.#debts.isEmpty) return;
    this.#next = this.#parts.clock.after(this.#pause, () => {
      this.#next = undefined;
      this.#try();
    });
    this.#pause = Math.min(2 * this.#pause, LONGEST_PAUSE);
  }

  #try(): void {
    this.#trying ??= this.#payAll().finally(() => {
      this.#trying = undefined;
      if (this.#debts.isEmpty) this.#pause = FIRST_PAUSE;
      this.#tryLater();
    });
  }

  /** As long as any of them succeeds. Never rejects. */
  async #payAll(): Promise<void> {
    let paid = 1;
    while (!this.#debts.isEmpty && paid > 0) {
      paid = 0;
      const pay = async (what: Invalidation) => {
        await this.#parts.pay(what).catch((error) => {
          if (!(error instanceof LateAnswer) || this.#isClosed) throw error;
          this.#waitFor(what, error.over);
        });
        paid++;
      };
      await this.#debts.pay(pay).catch((error) => {
        this.#why = error instanceof Error ? error.message : String(error);
      });
      this.#changed();
    }
  }

  #changed(): void {
    if (this.#debts.isEmpty) this.#isOpen = false;
    this.#parts.changed(this.#debts.size + this.#lateForgets.size);
  }
}

function nameOf(what: Invalidation): string {
  if (what.of === 'all') return 'everything';
  const name = what.of === 'key' ? what.key : `all of ${what.functionId}`;
  return name.length > LONGEST_NAME ? `${name.slice(0, LONGEST_NAME)}…` : name;
}
