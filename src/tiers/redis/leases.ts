/**
 * Single flight between processes: of all that ask for the lease of a key, one is granted it.
 *
 * A lease lives for some seconds, and its holder puts that off as long as the process runs. One that
 * is paused for longer, or cut off from Redis, loses its leases, and what it stores under them is
 * refused: see `scripts.ts`.
 */

import { randomBytes } from 'node:crypto';
import type { Clock, Timer } from '../../clock.ts';
import type { TierLease, TierRecord } from '../tier.ts';
import { byBucket, type RedisKey } from './names.ts';
import { runScript, type Send, scripts } from './scripts.ts';

export interface LeaseTimes {
  /** Milliseconds that a lease lives when it is not renewed. */
  readonly life: number;
  /** Milliseconds between two renewals. */
  readonly renewEvery: number;
  /** Milliseconds between two looks at the leases of others. */
  readonly lookEvery: number;
}

export const leaseTimes: LeaseTimes = { life: 4000, renewEvery: 1000, lookEvery: 1000 };

/** Puts the record if the lease still has its token. */
export type Put = (token: Buffer, record: TierRecord) => Promise<boolean>;

interface Held {
  readonly key: RedisKey;
  readonly token: Buffer;
  /** Nothing may be stored under it any more. */
  ended: boolean;
}

export class Leases {
  readonly #send: Send;
  readonly #clock: Clock;
  readonly #times: LeaseTimes;
  /** What the channels of processes that wait begin with. */
  readonly #wakes: string;
  readonly #held = new Set<Held>();
  #timer: Timer | undefined;

  constructor(send: Send, clock: Clock, times: LeaseTimes, wakes: string) {
    this.#send = send;
    this.#clock = clock;
    this.#times = times;
    this.#wakes = wakes;
  }

  /** A token to ask with. */
  newToken(): Buffer {
    return randomBytes(16);
  }

  /** What was asked for with this token was granted. */
  granted(key: RedisKey, token: Buffer, put: Put): TierLease {
    const held: Held = { key, token, ended: false };
    this.#held.add(held);
    this.#renewLater();
    return {
      store: async (record) => {
        if (held.ended) return false;
        held.ended = true;
        // It is renewed until then: to compress a large value may take a while.
        return put(token, record).finally(() => this.#held.delete(held));
      },
      release: async () => {
        if (held.ended) return;
        this.#end(held);
        await this.#release(held);
      },
    };
  }

  /** Ends all of them; those that cannot be told end by themselves. */
  async close(): Promise<void> {
    const held = [...this.#held].filter(({ ended }) => !ended);
    for (const each of held) this.#end(each);
    this.#timer?.cancel();
    await Promise.allSettled(held.map((each) => this.#release(each)));
  }

  #end(held: Held): void {
    held.ended = true;
    this.#held.delete(held);
  }

  async #release({ key, token }: Held): Promise<void> {
    await runScript(this.#send, scripts.release, [key.lease], [token, this.#wakes, key.name]);
  }

  #renewLater(): void {
    this.#timer ??= this.#clock.after(this.#times.renewEvery, () => {
      this.#timer = undefined;
      if (this.#held.size === 0) return;
      this.#renewLater();
      void this.#renewAll();
    });
  }

  async #renewAll(): Promise<void> {
    const buckets = byBucket(this.#held);
    await Promise.all([...buckets.values()].map((held) => this.#renew(held)));
  }

  /** One that cannot be renewed is tried again, and lives for some seconds. */
  async #renew(held: readonly Held[]): Promise<void> {
    const keys = held.map(({ key }) => key.lease);
    const args = [String(this.#times.life), ...held.map(({ token }) => token)];
    const isHeld = await runScript(this.#send, scripts.renew, keys, args).catch(() => undefined);
    if (!Array.isArray(isHeld)) return;
    for (const [at, each] of held.entries()) if (isHeld[at] === 0) this.#end(each);
  }
}
