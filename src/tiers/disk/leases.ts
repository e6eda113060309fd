/**
 * Single flight between processes: who wants to compute a key asks for its lease, of which there is
 * one. It is a row of a table, put if there is none, whose version is a token that no other process has.
 *
 * Everything that a lease allows is written under the condition that its row has still this token.
 * So it does not matter why a lease has ended, and who has not noticed: a value that was computed
 * before an invalidation is not stored, nor is that of a process that was taken for dead, and no process
 * ends the lease of another. A process that finds a holder dead (`holders.ts`) puts its own token in the
 * place of the dead one, and of several who try one succeeds.
 */

import { randomBytes } from 'node:crypto';
import type { Clock, Timer } from '../../clock.ts';
import type { LeaseAnswer, TierLease, TierRecord } from '../tier.ts';
import { newWait } from '../waits.ts';
import type { Database } from './database.ts';
import { type DiskLeaseTimes, Holders } from './holders.ts';
import { removeLeftovers } from './leftovers.ts';
import type { Transactions } from './transactions.ts';
import { type DiskWaits, diskWaits } from './waits.ts';

/** Milliseconds between two searches for what dead processes have left. */
const SEARCH_EVERY = 10 * 60_000;

/** What may be leased: a key, as the tier knows it. */
export interface Leasable {
  readonly name: Buffer;
  /** The record, if there is one. Throws when the tier was closed. */
  look(): TierRecord | undefined;
  /** Puts the record and removes the lease's row, if that has this token. */
  put(token: number, record: TierRecord): Promise<boolean>;
}

interface Row {
  readonly holder: Buffer;
  readonly token: number;
}

/** A row of this process's. */
interface Held {
  readonly name: Buffer;
  readonly token: number;
  /**
   * Until it is granted, and while a record is stored under it, what does that ends it. Only what
   * has ended, and whose row could not be removed, is left to the heartbeat: writes may overtake each
   * other, and the row must not go before the record is there.
   */
  state: 'taken' | 'granted' | 'storing' | 'ended';
}

export class DiskLeases {
  readonly #db: Database;
  readonly #transactions: Transactions;
  readonly #clock: Clock;
  readonly #times: DiskLeaseTimes;
  readonly #inBackground: (work: Promise<unknown>) => void;
  readonly #holders: Holders;
  readonly #waits: DiskWaits;
  readonly #held = new Set<Held>();
  /** What has to settle before the database may be closed. */
  readonly #writes = new Set<Promise<unknown>>();
  #beat: Timer | undefined;
  #searched = Number.NEGATIVE_INFINITY;

  constructor(
    db: Database,
    transactions: Transactions,
    clock: Clock,
    times: DiskLeaseTimes,
    inBackground: (work: Promise<unknown>) => void,
  ) {
    this.#db = db;
    this.#transactions = transactions;
    this.#clock = clock;
    this.#times = times;
    this.#inBackground = inBackground;
    this.#holders = new Holders(db, transactions, clock, times);
    this.#waits = diskWaits(clock);
  }

  async ask(wanted: Leasable): Promise<LeaseAnswer> {
    for (;;) {
      const record = wanted.look();
      if (record) return { state: 'found', record };
      const row = this.#row(wanted.name);
      if (row && this.#holders.isAlive(row.holder)) return this.#wait(wanted.name, row);
      const held = await this.#write(this.#take(wanted.name, row));
      if (!held) continue;
      // Another process may have stored it, and ended its lease, between the look and the grant. What
      // lmdb reads in one turn of the event loop is as it was at the first read of that turn.
      this.#db.records.resetReadTxn();
      const stored = wanted.look();
      if (!stored) return { state: 'granted', lease: this.#grant(wanted, held) };
      await this.#write(this.#remove(held));
      return { state: 'found', record: stored };
    }
  }

  /** Nothing may be asked for any more. */
  async close(): Promise<void> {
    for (const held of this.#held) if (held.state !== 'storing') held.state = 'ended';
    this.#waits.endAll();
    await Promise.allSettled(this.#writes);
    this.#beat?.cancel();
    await Promise.allSettled([...this.#held].map((held) => this.#remove(held)));
    await this.#holders.close();
  }

  #row(name: Buffer): Row | undefined {
    const row = this.#db.leases.getEntry(name);
    return row && { holder: row.value, token: row.version ?? 0 };
  }

  #wait(name: Buffer, { holder, token }: Row): LeaseAnswer {
    const { leases } = this.#db;
    const isOver = () => !leases.doesExist(name, token) || !this.#holders.isAlive(holder);
    return { state: 'held', ...this.#waits.add(newWait(isOver)) };
  }

  /**
   * @param dead the row whose place it takes
   * @returns nothing when another was faster
   * @throws {DiskAccessError} when writes are stalled, or there is no room
   */
  async #take(name: Buffer, dead: Row | undefined): Promise<Held | undefined> {
    // Where nothing can be stored, no process is to wait for others.
    this.#transactions.takeRoom(name.length);
    await this.#holders.announce();
    this.#searchIfDue();
    const { leases } = this.#db;
    const token = newToken();
    const put = () => void leases.put(name, this.#holders.own, token);
    const take = (taken: boolean) => (taken ? this.#hold(name, token) : undefined);
    const giveBack = (taken: boolean) => {
      const held = take(taken);
      if (held) this.#inBackground(this.#write(this.#remove(held)));
    };
    const before = dead?.token ?? null;
    return take(await this.#transactions.writeIf(leases, name, before, put, giveBack));
  }

  #hold(name: Buffer, token: number): Held {
    const held: Held = { name, token, state: 'taken' };
    this.#held.add(held);
    this.#beat ??= this.#clock.after(this.#times.beatEvery, () => this.#beatIsDue());
    return held;
  }

  #grant(wanted: Leasable, held: Held): TierLease {
    held.state = 'granted';
    return {
      store: async (record) =>
        held.state === 'granted' && this.#write(this.#store(wanted, held, record)),
      release: async () => {
        if (held.state === 'granted') await this.#write(this.#remove(held));
      },
    };
  }

  async #store(wanted: Leasable, held: Held, record: TierRecord): Promise<boolean> {
    held.state = 'storing';
    try {
      const stored = await wanted.put(held.token, record);
      this.#held.delete(held);
      return stored;
    } catch (error) {
      await this.#remove(held).catch(() => {});
      throw error;
    }
  }

  /** When it fails, it is done with the next heartbeat. */
  async #remove(held: Held): Promise<void> {
    held.state = 'ended';
    const { name, token } = held;
    const { leases } = this.#db;
    await this.#transactions.writeIf(leases, name, token, () => void leases.remove(name));
    this.#held.delete(held);
  }

  #beatIsDue(): void {
    this.#beat = undefined;
    if (this.#held.size === 0) return;
    this.#inBackground(this.#write(this.#holders.beat()));
    const ended = [...this.#held].filter(({ state }) => state === 'ended');
    for (const held of ended) this.#inBackground(this.#write(this.#remove(held)));
    this.#searchIfDue();
    this.#beat = this.#clock.after(this.#times.beatEvery, () => this.#beatIsDue());
  }

  #searchIfDue(): void {
    const now = this.#clock.now();
    if (now - this.#searched < SEARCH_EVERY) return;
    this.#searched = now;
    this.#inBackground(removeLeftovers(this.#db, this.#transactions, this.#holders));
  }

  async #write<T>(work: Promise<T>): Promise<T> {
    this.#writes.add(work);
    try {
      return await work;
    } finally {
      this.#writes.delete(work);
    }
  }
}

/** Of 52 random bits: never the same twice, and a double holds it. Never zero. */
function newToken(): number {
  return Number(randomBytes(8).readBigUInt64LE() >> 12n) + 1;
}
