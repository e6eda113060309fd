/**
 * A tier that leases, and another process that uses it too: both do only what a schedule tells them.
 * Nothing is believed of the coordinator; what the engine holds is the truth.
 */

import { mapTier } from '../../src/tiers/map-tier.ts';
import type { LeaseAnswer, Tier, TierRecord } from '../../src/tiers/tier.ts';

interface EngineLease {
  readonly functionId: string;
  readonly by: 'us' | 'other';
  readonly started: number;
  readonly over: Promise<void>;
  readonly end: () => void;
}

export class OtherProcess {
  readonly #records = mapTier();
  /** By key. */
  readonly #leases = new Map<string, EngineLease>();
  readonly #turn: () => Promise<void>;
  readonly #now: () => number;
  /** Of this process's leases, those that the other has ended. */
  lost = 0;

  /** @param turn when the next operation happens. @param now by the clock of the records. */
  constructor(turn: () => Promise<void>, now: () => number) {
    this.#turn = turn;
    this.#now = now;
  }

  tier(): Tier {
    const records = this.#records;
    return {
      ...records,
      get: (fn, key) => this.#turn().then(() => this.#fresh(fn, key)),
      set: (...args) => this.#turn().then(() => records.set(...args)),
      delete: (fn, key) => this.#turn().then(() => this.#delete(fn, key)),
      clear: (fn) => this.#turn().then(() => this.#clear(fn)),
      lease: (fn, key, refresh) => this.#turn().then(() => this.#lease(fn, key, refresh)),
    };
  }

  /** Keys of leases that are held by it. */
  heldBy(whom: 'us' | 'other'): string[] {
    return [...this.#leases].filter(([, { by }]) => by === whom).map(([key]) => key);
  }

  /** The other process wants to compute it, and does if no other process does. */
  async compute(functionId: string, key: string, step: number): Promise<void> {
    if (this.#leases.has(key) || (await this.#fresh(functionId, key))) return;
    if (!this.#leases.has(key)) this.#grant(functionId, key, 'other', step);
  }

  /** It has computed it. @returns the step at which it began, if it could store */
  async store(key: string, record: TierRecord): Promise<number | undefined> {
    const lease = this.#leases.get(key);
    if (lease?.by !== 'other') return undefined;
    this.#end(key);
    await this.#records.set(lease.functionId, key, record);
    return lease.started;
  }

  /** It fails, or dies. */
  giveUp(key: string): void {
    if (this.#leases.get(key)?.by === 'other') this.#end(key);
  }

  /** It invalidates the key, or takes this process for dead. */
  async invalidate(functionId: string, key: string): Promise<void> {
    if (this.#leases.get(key)?.by === 'us') this.lost++;
    await this.#delete(functionId, key);
  }

  async #lease(functionId: string, key: string, refresh = false): Promise<LeaseAnswer> {
    const record = refresh ? undefined : await this.#fresh(functionId, key);
    if (record) return { state: 'found', record };
    const holder = this.#leases.get(key);
    if (holder) return { state: 'held', over: holder.over, leave() {} };
    const mine = this.#grant(functionId, key, 'us', 0);
    const isMine = () => this.#leases.get(key) === mine;
    return {
      state: 'granted',
      lease: {
        store: async (computed) => {
          await this.#turn();
          if (!isMine()) return false;
          this.#end(key);
          await this.#records.set(functionId, key, computed);
          return true;
        },
        release: async () => {
          await this.#turn();
          if (isMine()) this.#end(key);
        },
      },
    };
  }

  #grant(functionId: string, key: string, by: EngineLease['by'], started: number): EngineLease {
    let end = () => {};
    const over = new Promise<void>((resolve) => {
      end = resolve;
    });
    const lease = { functionId, by, started, over, end };
    this.#leases.set(key, lease);
    return lease;
  }

  #end(key: string): void {
    this.#leases.get(key)?.end();
    this.#leases.delete(key);
  }

  async #delete(functionId: string, key: string): Promise<void> {
    this.#end(key);
    await this.#records.delete(functionId, key);
  }

  async #clear(functionId: string | undefined): Promise<void> {
    for (const [key, lease] of this.#leases) {
      if (functionId === undefined || lease.functionId === functionId) this.#end(key);
    }
    await this.#records.clear(functionId);
  }

  async #fresh(functionId: string, key: string): Promise<TierRecord | undefined> {
    const record = await this.#records.get(functionId, key);
    return record && record.expiresAt > this.#now() ? record : undefined;
  }
}
