/**
 * Single flight between processes: of all that ask for the lease of a key, one is granted it.
 *
 * A lease lives for some seconds, and its holder puts that off as long as the process runs. One that
 * is paused for longer, or cut off from Redis, loses its leases, and what it stores under them is
 * refused: see `scripts.ts`.
 */

import { randomBytes } from 'node:crypto';
import type { Clock, Timer } from '../../clock.ts';
import { Orphans } from '../orphans.ts';
import type { TierLease, TierRecord } from '../tier.ts';
import type { Reply } from './connection.ts';
import { byBucket, type RedisKey } from './names.ts';
import { refusalOf } from './refusal.ts';
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

interface Token {
  readonly key: RedisKey;
  readonly token: Buffer;
}

interface Held extends Token {
  /** It is renewed until it is over, and stored under once. */
  state: 'held' | 'storing' | 'over';
}

export class Leases {
  readonly #send: Send;
  readonly #clock: Clock;
  readonly #times: LeaseTimes;
  /** What the channels of processes that wait begin with. */
  readonly #wakes: string;
  readonly #isUp: () => boolean;
  readonly #held = new Set<Held>();
  readonly #orphans = new Orphans<Token>((orphan) => this.#release(orphan));
  #timer: Timer | undefined;

  constructor(send: Send, isUp: () => boolean, clock: Clock, times: LeaseTimes, wakes: string) {
    this.#send = send;
    this.#isUp = isUp;
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
    const held: Held = { key, token, state: 'held' };
    this.#held.add(held);
    this.#renewLater();
    return {
      store: (record) => this.#store(held, () => put(token, record)),
      release: async () => {
        if (held.state === 'held') await this.#giveUp(held);
      },
    };
  }

  /** A lease was asked for with this token. When no answer comes, it may be granted all the same. */
  async asked(key: RedisKey, token: Buffer, answer: Promise<Reply>): Promise<Reply> {
    try {
      return await answer;
    } catch (error) {
      if (refusalOf(error) === undefined) this.#orphaned({ key, token });
      throw error;
    }
  }

  /** To be called when Redis is there again. */
  releaseOrphans(): Promise<void> {
    return this.#orphans.release(this.#isUp);
  }

  /** Ends all of them; those that cannot be told end by themselves. */
  async close(): Promise<void> {
    const held = [...this.#held].filter(({ state }) => state === 'held');
    this.#timer?.cancel();
    await Promise.allSettled([...held.map((each) => this.#giveUp(each)), this.releaseOrphans()]);
  }

  async #store(held: Held, put: () => Promise<boolean>): Promise<boolean> {
    if (held.state !== 'held') return false;
    // It is renewed until that has ended: to compress a large value may take a while.
    held.state = 'storing';
    try {
      return await put();
    } catch (error) {
      // It may have been stored; if it was not, nobody is to wait for it.
      await this.#giveUp(held).catch(() => {});
      throw error;
    } finally {
      this.#end(held);
    }
  }

  #end(held: Held): void {
    held.state = 'over';
    this.#held.delete(held);
  }

  /** @throws when Redis could not be told; it will be */
  async #giveUp(held: Held): Promise<void> {
    this.#end(held);
    try {
      await this.#release(held);
    } catch (error) {
      this.#orphaned(held);
      throw error;
    }
  }

  #orphaned(token: Token): void {
    this.#orphans.add(token);
    this.#renewLater();
  }

  async #release({ key, token }: Token): Promise<void> {
    await runScript(this.#send, scripts.release, [key.lease], [token, this.#wakes, key.name]);
  }

  #renewLater(): void {
    this.#timer ??= this.#clock.after(this.#times.renewEvery, () => {
      this.#timer = undefined;
      if (this.#held.size === 0 && this.#orphans.isEmpty) return;
      this.#renewLater();
      void this.#renewAll();
      void this.releaseOrphans();
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
