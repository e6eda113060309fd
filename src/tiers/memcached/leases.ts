/**
 * Single flight between processes: of all that ask for a key, one puts an item with its token there.
 *
 * memcached has leases of its own (`mg` with `N`, which puts an empty item where there is none). They
 * are not used: an empty item does not say to which generation it belongs, so it would be unknown after
 * a clear that it is over. `ms` with `ME` decides just as well, and takes a round trip more.
 *
 * The item lives for some seconds, and its holder puts that off as long as the process runs. One that
 * dies, is stopped for longer, or is cut off from memcached, loses its leases. Everything that a
 * holder does is a compare-and-swap, so it does not matter who has noticed.
 */

import { randomBytes } from 'node:crypto';
import type { Clock } from '../../clock.ts';
import { type HeldLease, HeldLeases } from '../held-leases.ts';
import type { Item } from './item.ts';
import { look, remove, type Seen, write } from './items.ts';
import type { MemcachedKey } from './names.ts';
import { ServerError } from './replies.ts';
import type { MemcachedServer } from './server.ts';

export interface MemcachedLeaseTimes {
  /** Seconds that a lease lives when it is not renewed; memcached may take one off. */
  readonly life: number;
  /** Milliseconds between two renewals. */
  readonly renewEvery: number;
}

export interface HeldItem extends HeldLease {
  readonly server: MemcachedServer;
  readonly key: MemcachedKey;
  readonly token: Buffer;
  readonly generations: Buffer;
  cas: string;
  /** A record that is there beside the lease, for those who read while it is computed anew. */
  record: Buffer | undefined;
  /** When it is over, in the clock's milliseconds. */
  recordUntil: number;
}

/** Others may change the item in between: by a `set` without a lease. */
const MOST_TRIES = 5;

export class MemcachedLeases {
  readonly #clock: Clock;
  readonly #life: number;
  readonly #held: HeldLeases<HeldItem>;

  constructor(clock: Clock, times: MemcachedLeaseTimes) {
    this.#clock = clock;
    this.#life = times.life;
    const inStore = {
      renew: (all: ReadonlySet<HeldItem>) => {
        for (const held of all) void this.#renew(held);
      },
      release: (held: HeldItem) => this.#giveBack(held),
      isThere: ({ server }: HeldItem) => server.availability.isUp,
    };
    this.#held = new HeldLeases(inStore, clock, times.renewEvery);
  }

  get life(): number {
    return this.#life;
  }

  /** Replaces what was seen by a lease, and keeps what there is of a record. */
  async take(server: MemcachedServer, key: MemcachedKey, seen: Seen, generations: Buffer) {
    const token = randomBytes(16);
    const { record, left = 0 } = seen.item ?? {};
    const item: Item = { generations, token, tooLarge: false, record, left };
    const held: HeldItem = {
      ...{ server, key, token, generations, cas: '0', state: 'held' },
      record: record && Buffer.from(record),
      recordUntil: this.#clock.now() + left,
    };
    try {
      const written = await write(server, key, item, this.#life, seen.cas);
      if (written.state !== 'done') return undefined;
      held.cas = written.cas;
    } catch (error) {
      // When no answer comes, it may be there all the same.
      if (!(error instanceof ServerError)) this.#held.orphan(held);
      throw error;
    }
    this.#held.add(held);
    return held;
  }

  /** It is not renewed any more. */
  end(held: HeldItem): void {
    this.#held.end(held);
  }

  store(held: HeldItem, put: () => Promise<boolean>): Promise<boolean> {
    return this.#held.store(held, put);
  }

  /** Without a record of its own: what was there beside it stays. */
  release(held: HeldItem): Promise<void> {
    return this.#held.release(held);
  }

  /** To be called when a server is there again. */
  releaseOrphans(): void {
    this.#held.releaseOrphans();
  }

  close(): Promise<void> {
    return this.#held.close();
  }

  /**
   * Replaces the lease, unless it has ended.
   * @returns whether it has
   */
  async replace(held: HeldItem, item: Item, ttl: number): Promise<boolean> {
    for (let tries = 0; tries < MOST_TRIES; tries++) {
      const written = await write(held.server, held.key, item, ttl, held.cas);
      if (written.state === 'done') held.cas = written.cas;
      if (written.state !== 'changed') return written.state === 'done';
      if (!(await this.#isStillThere(held))) return false;
    }
    throw new Error('the lease was changed too often');
  }

  async #giveBack(held: HeldItem): Promise<void> {
    if (!(await this.#isStillThere(held))) return;
    const left = held.recordUntil - this.#clock.now();
    const { record, generations } = held;
    if (!record || left <= 0) return remove(held.server, held.key.name, held.cas);
    const item: Item = { generations, token: undefined, tooLarge: false, record, left };
    await this.replace(held, item, secondsFor(left));
  }

  async #isStillThere(held: HeldItem): Promise<boolean> {
    const { cas, item } = await look(held.server, held.key);
    if (cas === undefined || !item?.token?.equals(held.token)) return false;
    held.cas = cas;
    held.record = item.record && Buffer.from(item.record);
    held.recordUntil = this.#clock.now() + item.left;
    return true;
  }

  async #renew(held: HeldItem): Promise<void> {
    const { token, generations, record } = held;
    const left = held.recordUntil - this.#clock.now();
    const item: Item = { generations, token, tooLarge: false, record, left };
    const isHeld = await this.replace(held, item, this.#life).catch(() => true);
    if (!isHeld) this.#held.end(held);
  }
}

/** One more, because memcached may take one off. */
export function secondsFor(ms: number): number {
  return Math.ceil(ms / 1000) + 1;
}
