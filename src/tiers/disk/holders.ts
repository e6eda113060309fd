/**
 * Who holds leases, and whether they live. Every open tier that has had a lease has a row of its
 * own, whose version is its last heartbeat.
 *
 * A holder is dead when its process has ended, which is known at once, in another container by its
 * life sign; or when its heart has not beaten for long: its process is stopped, or its event loop
 * blocked; or when it has no row, because it was closed, or others have found it dead. One that was taken for dead may go on: its leases have been given to
 * others then, and what it stores under them is refused.
 *
 * Heartbeats are compared by the clock that counts from the machine's start, which all processes
 * see alike, which cannot be set, and which stands still while the machine sleeps.
 */

import { randomBytes } from 'node:crypto';
import type { Clock } from '../../clock.ts';
import { hrtime } from '../../runtime/globals.ts';
import type { Database } from './database.ts';
import { isOver, LifeSign, removeSign } from './life-sign.ts';
import { hasEnded, isElsewhere, ownIdentity, type ProcessIdentity } from './process-identity.ts';
import type { Transactions } from './transactions.ts';

export interface DiskLeaseTimes {
  /** Milliseconds between two heartbeats. */
  readonly beatEvery: number;
  /** Milliseconds after its last heartbeat when a holder counts as dead. */
  readonly deadAfter: number;
  /** Milliseconds, by a clock that all processes share. */
  now(): number;
}

export const leaseTimes: DiskLeaseTimes = {
  beatEvery: 5000,
  deadAfter: 30_000,
  now: () => Number(hrtime.bigint()) / 1e6,
};

/** Bytes of a holder's name. */
const NAME_BYTES = 12;
/** Milliseconds for which a holder that lives is not looked at again. */
const LOOK_EVERY = 150;
/** Milliseconds that the clocks of two processors may differ. */
const SKEW = 1000;
/** Holders that are remembered as living. */
const MOST_KNOWN = 1000;

/** What stands in a holder's row. */
interface Holder extends ProcessIdentity {
  /** The name of its life sign, which is also that of a file; none where it cannot have one. */
  readonly sign?: string;
}

const SIGN = /^holder-[0-9a-f]+$/;

export class Holders {
  /** The name of this one, by which its leases refer to it. */
  readonly own = Buffer.allocUnsafeSlow(NAME_BYTES);
  readonly #db: Database;
  readonly #transactions: Transactions;
  readonly #clock: Clock;
  readonly #times: DiskLeaseTimes;
  #identity: Holder | undefined;
  #sign: LifeSign | undefined;
  #lastBeat = Number.NEGATIVE_INFINITY;
  #beating: Promise<void> | undefined;
  /** Until when it is not looked at again, by the holder's name. */
  readonly #alive = new Map<string, number>();
  /** Those whose life sign has ended. */
  readonly #over = new Set<string>();

  constructor(db: Database, transactions: Transactions, clock: Clock, times: DiskLeaseTimes) {
    randomBytes(NAME_BYTES).copy(this.own);
    this.#db = db;
    this.#transactions = transactions;
    this.#clock = clock;
    this.#times = times;
  }

  /** Settles when all others know that this one lives. */
  async announce(): Promise<void> {
    if (this.#times.now() - this.#lastBeat >= this.#times.beatEvery) await this.beat();
  }

  beat(): Promise<void> {
    this.#beating ??= this.#beat().finally(() => {
      this.#beating = undefined;
    });
    return this.#beating;
  }

  isAlive(holder: Buffer): boolean {
    if (holder.equals(this.own)) return true;
    const name = holder.toString('latin1');
    const now = this.#clock.now();
    if (now < (this.#alive.get(name) ?? Number.NEGATIVE_INFINITY)) return true;
    // Who is dead is looked at each time: it may come back, and has new leases then.
    if (this.#isDead(holder)) return false;
    if (this.#alive.size >= MOST_KNOWN) this.#alive.clear();
    this.#alive.set(name, now + LOOK_EVERY);
    return true;
  }

  /** Removes the row of a holder that is dead, unless its heart has beaten meanwhile. */
  async bury(holder: Buffer): Promise<void> {
    const beat = this.#db.holders.getEntry(holder)?.version;
    if (beat === undefined || this.isAlive(holder)) return;
    const { holders } = this.#db;
    const { sign } = readHolder(holders.getEntry(holder)?.value) ?? {};
    await this.#transactions.writeIf(holders, holder, beat, () => void holders.remove(holder));
    if (sign) removeSign(this.#db.path, sign);
  }

  /** All leases of this one end with it. */
  async close(): Promise<void> {
    await this.#beating?.catch(() => {});
    this.#sign?.end();
    if (this.#lastBeat === Number.NEGATIVE_INFINITY) return;
    await this.#transactions.write(() => void this.#db.holders.remove(this.own));
  }

  async #beat(): Promise<void> {
    if (!this.#sign) await this.#showLife();
    const row = Buffer.from(JSON.stringify(this.#identity));
    const now = this.#times.now();
    await this.#transactions.write(() => void this.#db.holders.put(this.own, row, now));
    this.#lastBeat = now;
  }

  #isDead(holder: Buffer): boolean {
    const row = this.#db.holders.getEntry(holder);
    if (!row) return true;
    const age = this.#times.now() - (row.version ?? 0);
    if (age > this.#times.deadAfter) return true;
    const other = readHolder(row.value);
    this.#identity ??= ownIdentity();
    // A heartbeat that is still to come is from before the machine was started again.
    if (!other || age < -SKEW || hasEnded(other, this.#identity)) return true;
    const name = holder.toString('latin1');
    if (this.#over.has(name)) return true;
    if (other.sign && isElsewhere(other, this.#identity)) void this.#look(name, other.sign);
    return false;
  }

  async #showLife(): Promise<void> {
    this.#sign = new LifeSign(this.#db.path, `holder-${this.own.toString('hex')}`);
    const isSeen = await this.#sign.begin();
    this.#identity = { ...ownIdentity(), ...(isSeen && { sign: this.#sign.name }) };
  }

  /** It counts as alive meanwhile, and is looked at again soon. */
  async #look(name: string, sign: string): Promise<void> {
    if (!(await isOver(this.#db.path, sign))) return;
    if (this.#over.size >= MOST_KNOWN) this.#over.clear();
    this.#over.add(name);
    this.#alive.delete(name);
  }
}

function readHolder(row: Buffer | undefined): Holder | undefined {
  try {
    const { sign, ...identity } = JSON.parse(String(row)) as Holder;
    return { ...identity, ...(sign && SIGN.test(sign) && { sign }) };
  } catch {
    return undefined;
  }
}
