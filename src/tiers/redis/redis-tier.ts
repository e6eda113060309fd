/**
 * The tier that processes on several machines share: records in Redis, single flight between all
 * that use it, and invalidations that reach the memory of each.
 *
 * No process believes the time of another: Redis counts down what is left of a record, and only the
 * process that has written a record takes the date in it for its own. So clocks may differ by any
 * time, and a record ends everywhere at once, but for the milliseconds that it is under way.
 */

import { randomBytes } from 'node:crypto';
import { type Clock, systemClock } from '../../clock.ts';
import type { Invalidation, LeaseAnswer, TierRecord } from '../tier.ts';
import type { Argument, Client, Reply } from './connection.ts';
import type { RedisStats, RedisTier } from './contract.ts';
import { Debts } from './debts.ts';
import { readTold, tell } from './invalidation.ts';
import { type Ioredis, type IoredisCluster, ioredisClient, ioredisCluster } from './ioredis.ts';
import { Leases, type LeaseTimes, leaseTimes } from './leases.ts';
import { Names, type RedisKey } from './names.ts';
import {
  clientOfUrl,
  type NodeRedis,
  type NodeRedisCluster,
  nodeRedisClient,
  nodeRedisCluster,
} from './node-redis.ts';
import {
  type RedisTierOptions,
  type ResolvedRedisTierOptions,
  resolveRedisTierOptions,
} from './options.ts';
import { decodeRecord, encodeRecord, type RecordFormat } from './record.ts';
import { GENERATION_MORE, runScript, type Script, type Send, scripts } from './scripts.ts';
import { Server, type ServerTimes } from './server.ts';
import { Waits } from './waits.ts';

/** For tests that cannot wait. */
export interface RedisTimes
  extends LeaseTimes,
    Pick<ServerTimes, 'retry' | 'ping' | 'pingWhenWaiting'> {}

const redisTimes: RedisTimes = { ...leaseTimes, retry: 1000, ping: 1000, pingWhenWaiting: 200 };

/**
 * @throws {OptionError} for a wrong option. @throws {MissingPackageError} without the package redis,
 * where a `url` is given.
 */
export function openRedisTier(
  options: RedisTierOptions,
  clock: Clock = systemClock,
  times: RedisTimes = redisTimes,
): RedisTier {
  const resolved = resolveRedisTierOptions(options);
  return new SharedTier(resolved, clientOf(resolved), clock, times);
}

/** The methods of a client say which package it is from. */
function clientOf({ url, client, connectTimeout }: ResolvedRedisTierOptions): Client {
  if (!client) return clientOfUrl(url, connectTimeout);
  if ('callBuffer' in client) {
    return Reflect.get(client, 'isCluster')
      ? ioredisCluster(client as unknown as IoredisCluster, connectTimeout)
      : ioredisClient(client as unknown as Ioredis, connectTimeout);
  }
  return 'masters' in client
    ? nodeRedisCluster(client as unknown as NodeRedisCluster, connectTimeout)
    : nodeRedisClient(client as unknown as NodeRedis, connectTimeout);
}

/** A record that Redis has, as far as it is one. */
type Found =
  | { readonly state: 'sound'; readonly record: TierRecord }
  | { readonly state: 'expired' }
  | { readonly state: 'damaged' };

class SharedTier implements RedisTier {
  readonly name = 'redis';
  readonly persistent = true;
  readonly #clock: Clock;
  readonly #maxAge: number;
  readonly #life: number;
  readonly #format: RecordFormat;
  readonly #names: Names;
  /** This process, toward others. */
  readonly #process: string;
  readonly #server: Server;
  readonly #leases: Leases;
  readonly #waits: Waits;
  readonly #debts = new Debts();
  readonly #listeners = new Set<(what: Invalidation) => void>();
  #damaged = 0;
  #heard = 0;
  #closing: Promise<void> | undefined;

  constructor(options: ResolvedRedisTierOptions, client: Client, clock: Clock, times: RedisTimes) {
    const writer = randomBytes(8);
    this.#clock = clock;
    this.#maxAge = options.maxAge;
    this.#life = times.life;
    this.#format = { writer, secret: options.secret, compressAbove: options.compressAbove };
    this.#names = new Names(options.prefix);
    this.#process = writer.toString('base64url');
    const wakes = this.#names.wakes('');
    const send: Send = (args, key) => this.#server.send(args, key);
    this.#leases = new Leases(send, clock, times, wakes);
    this.#waits = new Waits(send, this.#process, clock, times.lookEvery, (isEmpty) => {
      this.#server.waited = !isEmpty;
    });
    const serverTimes = { ...times, command: options.timeout, connect: options.connectTimeout };
    const channels = [this.#names.invalidations, wakes + this.#process];
    this.#server = new Server(client, channels, clock, serverTimes, {
      heard: (channel, message) => this.#hear(channel, message),
      begins: (missed, direct) => this.#begin(missed, direct),
      stopped: () => this.#waits.endAll(),
    });
  }

  async get(functionId: string, key: string): Promise<TierRecord | undefined> {
    const names = this.#names.key(functionId, key);
    const asked = this.#clock.date();
    const reply = await this.#run(scripts.get, recordKeys(names), []);
    const found = await this.#found(names, reply, asked);
    return found?.state === 'sound' ? found.record : undefined;
  }

  async set(functionId: string, key: string, record: TierRecord): Promise<void> {
    const names = this.#names.key(functionId, key);
    const { head, body } = await encodeRecord(names.identity, record, this.#format);
    const args = [head, body, this.#timeLeft(record), randomBytes(16), this.#keep];
    await this.#run(scripts.set, recordKeys(names), args);
  }

  async lease(functionId: string, key: string, refresh = false): Promise<LeaseAnswer> {
    const names = this.#names.key(functionId, key);
    for (let look = !refresh; ; ) {
      const token = this.#leases.newToken();
      const asked = this.#clock.date();
      const args = [token, this.#process, String(this.#life), look ? '' : '1'];
      const reply = await this.#run(
        scripts.lease,
        [...recordKeys(names), names.lease],
        [...args, randomBytes(16), this.#keep],
      );
      const [state, holder] = reply as [Buffer, Buffer];
      if (state.equals(GRANTED)) {
        return { state: 'granted', lease: this.#leases.granted(names, token, this.#put(names)) };
      }
      if (state.equals(HELD)) return this.#wait(functionId, names, holder);
      const found = await this.#found(names, reply, asked);
      if (found?.state === 'sound') return { state: 'found', record: found.record };
      // What is damaged was removed, and what has expired here has not in Redis.
      if (found?.state === 'expired') look = false;
    }
  }

  async delete(functionId: string, key: string): Promise<void> {
    await this.#invalidate({ functionId, key });
  }

  async clear(functionId?: string): Promise<void> {
    await this.#invalidate(functionId === undefined ? {} : { functionId });
  }

  onInvalidate(heard: (what: Invalidation) => void): void {
    this.#listeners.add(heard);
  }

  stats(): RedisStats {
    return {
      connected: this.#server.isUp,
      outages: this.#server.outages,
      damaged: this.#damaged,
      heard: this.#heard,
    };
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#waits.endAll();
    await this.#leases.close();
    this.#server.close();
    this.#waits.endAll();
  }

  #run(script: Script, keys: readonly string[], args: readonly Argument[]): Promise<Reply> {
    return runScript(this.#server.send, script, keys, args);
  }

  #wait(functionId: string, names: RedisKey, holder: Buffer): LeaseAnswer {
    return { state: 'held', ...this.#waits.add(functionId, names, holder) };
  }

  #put(names: RedisKey) {
    return async (token: Buffer, record: TierRecord): Promise<boolean> => {
      const { head, body } = await encodeRecord(names.identity, record, this.#format);
      const args = [token, this.#names.wakes(''), names.name];
      const stored = await this.#run(
        scripts.store,
        [...recordKeys(names), names.lease],
        [...args, head, body, this.#timeLeft(record), this.#keep],
      );
      return stored === 1;
    };
  }

  /** @param asked when, so that what is left is never more than it was in Redis */
  async #found(names: RedisKey, reply: Reply, asked: number): Promise<Found | undefined> {
    const [state, stored, left] = reply as [Buffer, Buffer, number];
    if (state.equals(NONE)) return undefined;
    const record =
      state.equals(FOUND) && (await decodeRecord(names.identity, stored, this.#format));
    // Nobody of us leaves out when a record ends.
    if (!record || left < 0) {
      this.#damaged++;
      if (state.equals(FOUND)) await this.#server.send(['UNLINK', names.record], names.record);
      return { state: 'damaged' };
    }
    const { isOwn, ...rest } = record;
    const isForever = rest.expiresAt === Number.POSITIVE_INFINITY;
    const expiresAt = isOwn || isForever ? rest.expiresAt : asked + left;
    if (expiresAt <= this.#clock.date()) return { state: 'expired' };
    return { state: 'sound', record: { ...rest, expiresAt } };
  }

  /** Whole milliseconds for which Redis is to keep it. */
  #timeLeft({ expiresAt }: TierRecord): string {
    const left = Math.floor(Math.min(expiresAt - this.#clock.date(), this.#maxAge));
    return String(Math.max(left, 0));
  }

  get #keep(): string {
    return String(this.#maxAge + GENERATION_MORE);
  }

  async #invalidate(what: Invalidation): Promise<void> {
    try {
      await this.#tell(what, this.#server.send);
    } catch (error) {
      this.#debts.add(what);
      throw error;
    }
    this.#endWaits(what);
  }

  async #tell({ functionId, key }: Invalidation, send: Send): Promise<void> {
    const { invalidations } = this.#names;
    const message = tell({
      sender: this.#process,
      ...(functionId !== undefined && { functionId }),
      ...(key !== undefined && { key }),
    });
    if (functionId !== undefined && key !== undefined) {
      const { record, lease } = this.#names.key(functionId, key);
      await runScript(send, scripts.delete, [record, lease], [invalidations, message]);
      return;
    }
    const generations = this.#names.generations(functionId);
    await Promise.all(generations.map((each) => send(['UNLINK', each], each)));
    await send(['PUBLISH', invalidations, message], invalidations);
  }

  #hear(channel: string, message: Buffer): void {
    if (channel !== this.#names.invalidations) return this.#waits.endOf(message.toString());
    const told = readTold(message);
    if (!told) return;
    const { sender, ...what } = told;
    this.#endWaits(what);
    // What this process has invalidated it may have computed again since.
    if (sender === this.#process) return;
    this.#heard++;
    this.#announce(what);
  }

  /** Before the first command is sent. */
  async #begin(missed: boolean, send: Send): Promise<void> {
    await this.#debts.settle((what) => this.#tell(what, send));
    if (missed) this.#announce({});
  }

  #announce(what: Invalidation): void {
    for (const listener of this.#listeners) listener(what);
  }

  /** Of what was invalidated, nobody has a lease any more. */
  #endWaits({ functionId, key }: Invalidation): void {
    if (functionId === undefined) this.#waits.endAll();
    else if (key === undefined) this.#waits.endOfFunction(functionId);
    else this.#waits.endOf(this.#names.key(functionId, key).name);
  }
}

const FOUND = Buffer.from('found');
const NONE = Buffer.from('none');
const HELD = Buffer.from('held');
const GRANTED = Buffer.from('granted');

function recordKeys({ record, all, own }: RedisKey): string[] {
  return [record, all, own];
}
