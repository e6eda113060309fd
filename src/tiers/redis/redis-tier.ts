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
import { decodeRecord, encodeRecord, type RecordFormat } from '../record.ts';
import type { AvailabilityTimes } from '../session.ts';
import type { Invalidation, LeaseAnswer, TierRecord } from '../tier.ts';
import { clientOf } from './clients.ts';
import type { Argument, Client, Reply } from './connection.ts';
import type { RedisStats, RedisTier } from './contract.ts';
import { Invalidations } from './invalidations.ts';
import { Leases, type LeaseTimes, leaseTimes } from './leases.ts';
import { Names, type RedisKey, recordKeys } from './names.ts';
import {
  type RedisTierOptions,
  type ResolvedRedisTierOptions,
  resolveRedisTierOptions,
} from './options.ts';
import { GENERATION_MORE, runScript, type Script, type Send, scripts } from './scripts.ts';
import { openServer, type Server, sendTo } from './server.ts';
import { Waits } from './waits.ts';

/** For tests that cannot wait. */
export interface RedisTimes
  extends LeaseTimes,
    Pick<AvailabilityTimes, 'retry' | 'ping' | 'pingWhenWaiting'> {}

const redisTimes: RedisTimes = { ...leaseTimes, retry: 1000, ping: 1000, pingWhenWaiting: 50 };

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
  readonly #send: Send;
  readonly #leases: Leases;
  readonly #waits: Waits;
  readonly #invalidations: Invalidations;
  #damaged = 0;
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
    const send: Send = (args, key) => this.#send(args, key);
    const isUp = () => this.#server.isUp;
    this.#leases = new Leases(send, isUp, clock, times, wakes);
    this.#waits = new Waits(send, this.#process, clock, times.lookEvery, (isEmpty) => {
      this.#server.waited = !isEmpty;
    });
    const ended = (what: Invalidation) => this.#endWaits(what);
    this.#invalidations = new Invalidations(this.#names, this.#process, ended);
    const serverTimes = { ...times, command: options.timeout, connect: options.connectTimeout };
    const channels = [this.#names.invalidations, wakes + this.#process];
    this.#server = openServer(client, channels, clock, serverTimes, {
      heard: (channel, message) => {
        if (channel === this.#names.invalidations) this.#invalidations.hear(message);
        else this.#waits.endOf(message.toString());
      },
      tell: (what, direct) => this.#invalidations.tell(what, direct),
      missed: () => this.#invalidations.missed(),
      stopped: () => this.#waits.endAll(),
      resumed: () => {
        this.#invalidations.begin();
        void this.#leases.releaseOrphans();
      },
    });
    this.#send = sendTo(this.#server);
  }

  async get(functionId: string, key: string): Promise<TierRecord | undefined> {
    const names = this.#asked(functionId, key);
    const asked = this.#clock.date();
    const reply = await this.#run(scripts.get, recordKeys(names), []);
    const found = await this.#found(names, reply, asked);
    return found?.state === 'sound' ? found.record : undefined;
  }

  async set(functionId: string, key: string, record: TierRecord): Promise<void> {
    const names = this.#asked(functionId, key);
    // Between two sessions another process may have invalidated it, which this one has not heard.
    const send = sendTo(this.#server, await this.#server.sessionNumber());
    const { head, body } = await encodeRecord(names.identity, record, this.#format);
    const args = [head, body, this.#timeLeft(record), randomBytes(16), this.#keep];
    await runScript(send, scripts.set, recordKeys(names), args);
  }

  async lease(functionId: string, key: string, refresh = false): Promise<LeaseAnswer> {
    const names = this.#asked(functionId, key);
    // What is sent beyond this, and is not answered, may be granted all the same.
    await this.#server.sessionNumber();
    for (let look = !refresh; ; ) {
      const token = this.#leases.newToken();
      const asked = this.#clock.date();
      const keys = [...recordKeys(names), names.lease];
      const asker = [token, this.#process, String(this.#life)];
      const args = [...asker, look ? '' : '1', randomBytes(16), this.#keep];
      const answer = this.#run(scripts.lease, keys, args);
      const reply = await this.#leases.asked(names, token, answer);
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
    this.#invalidations.listen(heard);
  }

  stats(): RedisStats {
    return {
      ...this.#server.stats,
      damaged: this.#damaged,
      heard: this.#invalidations.heard,
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

  async #invalidate(what: Invalidation): Promise<void> {
    await this.#server.invalidate(what);
    this.#endWaits(what);
  }

  #asked(functionId: string, key: string): RedisKey {
    this.#invalidations.asked(functionId);
    return this.#names.key(functionId, key);
  }

  #run(script: Script, keys: readonly string[], args: readonly Argument[]): Promise<Reply> {
    return runScript(this.#send, script, keys, args);
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
      if (state.equals(FOUND)) await this.#send(['UNLINK', names.record], names.record);
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

  /** Who waits for one of these asks again. */
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
