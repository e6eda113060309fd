/**
 * Single flight between processes: of all that ask for the lease of a key, one is granted it.
 *
 * A lease lives for some seconds, and its holder puts that off as long as the process runs. One that
 * is paused for longer, or cut off from Redis, loses its leases, and what it stores under them is
 * refused: see `scripts.ts`.
 */

import type { Clock } from '../../clock.ts';
import { type HeldLease, HeldLeases } from '../held-leases.ts';
import type { TierLease, TierRecord } from '../tier.ts';
import type { RedisReply } from './connection.ts';
import { byBucket, type RedisKey } from './names.ts';
import type { RandomBytes } from './random.ts';
import { refusalOf } from './refusal.ts';
import { type RedisSend, runScript, scripts } from './scripts.ts';

export interface RedisLeaseTimes {
  /** Milliseconds that a lease lives when it is not renewed. */
  readonly life: number;
  /** Milliseconds between two renewals. */
  readonly renewEvery: number;
  /** Milliseconds between two looks at the leases of others. */
  readonly lookEvery: number;
}

export const leaseTimes: RedisLeaseTimes = { life: 4000, renewEvery: 1000, lookEvery: 1000 };

/** Puts the record if the lease still has its token. */
export type Put = (token: string, record: TierRecord) => Promise<boolean>;

interface Held extends HeldLease {
  readonly key: RedisKey;
  readonly token: string;
}

export interface RedisLeasesParts {
  readonly send: RedisSend;
  readonly isUp: () => boolean;
  readonly clock: Clock;
  readonly times: RedisLeaseTimes;
  /** What the channels of processes that wait begin with. */
  readonly wakes: string;
  readonly random: RandomBytes;
}

export class RedisLeases {
  readonly #send: RedisSend;
  readonly #life: number;
  readonly #wakes: string;
  readonly #random: RandomBytes;
  readonly #held: HeldLeases<Held>;

  constructor({ send, isUp, clock, times, wakes, random }: RedisLeasesParts) {
    this.#send = send;
    this.#life = times.life;
    this.#wakes = wakes;
    this.#random = random;
    const inStore = {
      renew: (held: ReadonlySet<Held>) => {
        for (const ofBucket of byBucket(held, ({ key }) => key).values())
          void this.#renew(ofBucket);
      },
      release: (held: Held) => this.#release(held),
      isThere: isUp,
    };
    this.#held = new HeldLeases(inStore, clock, times.renewEvery);
  }

  /** A token to ask with. */
  newToken(): string {
    return this.#random.take(16).toString('base64url');
  }

  /** A lease was asked for with this token. When no answer comes, it may be granted all the same. */
  async asked(key: RedisKey, token: string, answer: Promise<RedisReply>): Promise<RedisReply> {
    try {
      return await answer;
    } catch (error) {
      if (refusalOf(error) === undefined) this.#held.orphan({ key, token, state: 'over' });
      throw error;
    }
  }

  /** What was asked for with this token was granted. */
  granted(key: RedisKey, token: string, put: Put): TierLease {
    const held: Held = { key, token, state: 'held' };
    this.#held.add(held);
    return {
      store: (record) => this.#held.store(held, () => put(token, record)),
      release: () => this.#held.release(held),
    };
  }

  /** To be called when Redis is there again. */
  releaseOrphans(): void {
    this.#held.releaseOrphans();
  }

  close(): Promise<void> {
    return this.#held.close();
  }

  async #release({ key, token }: Held): Promise<void> {
    await runScript(this.#send, scripts.release, [key.lease], [token, this.#wakes, key.name]);
  }

  async #renew(held: readonly Held[]): Promise<void> {
    const keys = held.map(({ key }) => key.lease);
    const args = [String(this.#life), ...held.map(({ token }) => token)];
    const isHeld = await runScript(this.#send, scripts.renew, keys, args).catch(() => undefined);
    if (!Array.isArray(isHeld)) return;
    for (const [at, each] of held.entries()) if (isHeld[at] === 0) this.#held.end(each);
  }
}
