/**
 * The tier that processes on several machines share through memcached, with single flight between
 * them: records and leases are items, and everything that depends on what was read is written by
 * compare-and-swap.
 *
 * What memcached cannot do: it sends no notifications, so a waiting process looks now and then, and what other
 * processes have in their own memory they do not know to be invalid.
 */

import { connect } from 'node:net';
import { type Clock, systemClock } from '../../clock.ts';
import {
  allOf,
  type Invalidation,
  type LeaseAnswer,
  type TierLease,
  type TierRecord,
} from '../tier.ts';
import { newWait } from '../waits.ts';
import type { MemcachedSend } from './connection.ts';
import type { MemcachedStats, MemcachedTier } from './contract.ts';
import type { Item } from './item.ts';
import { generationsOf, look, presentGenerations } from './items.ts';
import { type HeldItem, MemcachedLeases, type MemcachedLeaseTimes } from './leases.ts';
import { type MemcachedKey, MemcachedNames, serverOf } from './names.ts';
import {
  type Address,
  addressText,
  type MemcachedTierOptions,
  type ResolvedMemcachedTierOptions,
  resolveMemcachedTierOptions,
} from './options.ts';
import { Records, tooLarge } from './records.ts';
import { type MemcachedServer, openServer } from './server.ts';
import { type MemcachedWaits, memcachedWaits } from './waits.ts';

/** For tests that cannot wait. */
export interface MemcachedTimes extends MemcachedLeaseTimes {
  /** Milliseconds until a server that is away is tried again. */
  readonly retry: number;
}

const memcachedTimes: MemcachedTimes = { life: 5, renewEvery: 1000, retry: 1000 };

/** Others change an item while it is looked at. */
const MOST_TRIES = 20;

/** @throws {OptionError} */
export function openMemcachedTier(
  options: MemcachedTierOptions,
  clock: Clock = systemClock,
  times: MemcachedTimes = memcachedTimes,
): MemcachedTier {
  return new SharedTier(resolveMemcachedTierOptions(options), clock, times);
}

class SharedTier implements MemcachedTier {
  readonly name = 'memcached';
  readonly persistent = true;
  readonly makesUp = true;
  readonly givesAway = true;
  readonly #clock: Clock;
  readonly #options: ResolvedMemcachedTierOptions;
  readonly #records: Records;
  readonly #names: MemcachedNames;
  readonly #servers: readonly MemcachedServer[];
  readonly #leases: MemcachedLeases;
  readonly #waits: MemcachedWaits;
  #closing: Promise<void> | undefined;

  constructor(options: ResolvedMemcachedTierOptions, clock: Clock, times: MemcachedTimes) {
    const { timeout, connectTimeout } = options;
    this.#clock = clock;
    this.#options = options;
    this.#records = new Records(options, clock);
    this.#names = new MemcachedNames(options.prefix);
    this.#leases = new MemcachedLeases(clock, times);
    this.#waits = memcachedWaits(clock);
    const serverTimes = { command: timeout, connect: connectTimeout, retry: times.retry };
    const tell = (what: Invalidation, send: MemcachedSend) => this.#tell(what, send);
    const resumed = () => this.#leases.releaseOrphans();
    this.#servers = options.servers.map((address) => {
      const connect = () => this.#connect(address);
      return openServer(addressText(address), clock, serverTimes, { connect, tell, resumed });
    });
  }

  async get(functionId: string, key: string): Promise<TierRecord | undefined> {
    const { names, server } = this.#find(functionId, key);
    const asked = this.#clock.date();
    return this.#records.read(server, names, await look(server, names), asked);
  }

  async set(functionId: string, key: string, record: TierRecord): Promise<void> {
    const { names, server } = this.#find(functionId, key);
    const left = record.expiresAt - this.#clock.date();
    const generations = await generationsOf(server, names);
    const encoded = await this.#records.encode(names, record, generations);
    for (let tries = 0; tries < MOST_TRIES; tries++) {
      const { cas, item: there, generations: now } = await look(server, names);
      // It was cleared meanwhile.
      if (!now?.equals(generations)) return;
      // A lease stays as it is, and the record beside it for as long.
      const token = there?.token;
      const item: Item = { ...this.#records.itemOf(encoded, left, generations), token };
      const ttl = token ? this.#leases.life : this.#records.secondsFor(left);
      if (!(await this.#records.put(server, names, item, ttl, cas))) continue;
      if (item.tooLarge) throw tooLarge();
      return;
    }
    throw new Error('others write the same key all the time');
  }

  async lease(functionId: string, key: string, refresh = false): Promise<LeaseAnswer> {
    const { names, server } = this.#find(functionId, key);
    for (let tries = 0; tries < MOST_TRIES; tries++) {
      const asked = this.#clock.date();
      const seen = await look(server, names);
      const { item, cas } = seen;
      if (item?.tooLarge) throw tooLarge();
      if (item?.token && cas !== undefined) {
        const { generations } = item;
        const seenLease = { server, key: names, cas, generations };
        return { state: 'held', ...this.#waits.add(newWait(seenLease)) };
      }
      const record = await this.#records.read(server, names, seen, asked);
      if (record && !refresh) return { state: 'found', record };
      const generations = seen.generations ?? (await generationsOf(server, names));
      const kept = record ? seen : { ...seen, item: undefined };
      const held = await this.#leases.take(server, names, kept, generations);
      if (held) return { state: 'granted', lease: this.#leaseOf(held) };
    }
    throw new Error('others ask for the same key all the time');
  }

  async delete(functionId: string, key: string): Promise<void> {
    await this.#find(functionId, key).server.availability.invalidate({
      of: 'key',
      functionId,
      key,
    });
  }

  async discard(functionId: string, key: string): Promise<void> {
    const { names, server } = this.#find(functionId, key);
    await this.#records.discard(server, names, await look(server, names));
  }

  async clear(functionId?: string): Promise<void> {
    const what = allOf(functionId);
    const tell = ({ availability }: MemcachedServer) => availability.invalidate(what);
    const told = await Promise.allSettled(this.#servers.map(tell));
    const failed = told.find((each) => each.status === 'rejected');
    if (failed) throw failed.reason;
  }

  /** One of its servers is. */
  isUp(): boolean {
    return this.#servers.some(({ availability }) => availability.isUp);
  }

  stats(): MemcachedStats {
    const servers = this.#servers.map(({ availability }) => availability.stats);
    return {
      servers: servers.length,
      connected: servers.filter(({ connected }) => connected).length,
      outages: servers.reduce((sum, { outages }) => sum + outages, 0),
      refused: servers.reduce((sum, { refused }) => sum + refused, 0),
      damaged: this.#records.damaged,
      tooLarge: this.#records.tooLarge,
    };
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#waits.endAll();
    await this.#leases.close();
    for (const { availability } of this.#servers) availability.close();
    this.#waits.endAll();
  }

  #connect(address: Address) {
    if (this.#options.connect) return this.#options.connect(address);
    const socket = connect({ ...address, noDelay: true, keepAlive: true });
    // Calls keep the process alive, and a connection does not.
    return socket.unref();
  }

  #find(functionId: string, key: string): { names: MemcachedKey; server: MemcachedServer } {
    const names = this.#names.key(functionId, key);
    return { names, server: serverOf(this.#servers, names.name) };
  }

  async #tell(what: Invalidation, send: MemcachedSend): Promise<void> {
    await send({ line: `md ${this.#nameOf(what)}` });
  }

  /** Of the item whose end makes it invalid. */
  #nameOf(what: Invalidation): string {
    if (what.of === 'key') return this.#names.key(what.functionId, what.key).name;
    return this.#names.generation(what.of === 'all' ? undefined : what.functionId);
  }

  #leaseOf(held: HeldItem): TierLease {
    return {
      store: (record) => this.#store(held, record),
      release: () => this.#leases.release(held),
    };
  }

  async #store(held: HeldItem, record: TierRecord): Promise<boolean> {
    const { key, generations, server } = held;
    const left = record.expiresAt - this.#clock.date();
    const stored = await this.#leases.store(held, async () => {
      const encoded = await this.#records.encode(key, record, generations);
      // From here on a renewal would be in the way.
      this.#leases.end(held);
      const item = this.#records.itemOf(encoded, left, generations);
      const isReplaced = await this.#records.replace(this.#leases, held, item);
      if (isReplaced && item.tooLarge) throw tooLarge();
      return isReplaced;
    });
    if (!stored) return false;
    // What a clear has ended belongs to a generation that is over: it is not found any more.
    return (await presentGenerations(server, key))?.equals(generations) === true;
  }
}
