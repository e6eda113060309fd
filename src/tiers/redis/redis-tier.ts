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
import type { AvailabilityTimes } from '../session.ts';
import { allOf, type Invalidation, type LeaseAnswer, type TierRecord } from '../tier.ts';
import { clientOf } from './clients.ts';
import type { Client, RedisReply } from './connection.ts';
import type { RedisStats, RedisTier } from './contract.ts';
import { RedisInvalidations } from './invalidations.ts';
import { leaseTimes, RedisLeases, type RedisLeaseTimes } from './leases.ts';
import { type RedisKey, RedisNames } from './names.ts';
import {
  type RedisTierOptions,
  type ResolvedRedisTierOptions,
  resolveRedisTierOptions,
} from './options.ts';
import { RandomBytes } from './random.ts';
import { RedisRecords } from './records.ts';
import { DONE, HELD, type RedisSend } from './scripts.ts';
import { openServer, type RedisServer, sendTo } from './server.ts';
import { RedisSteps } from './steps.ts';
import { type LeaseQuestion, RedisWaits } from './waits.ts';

/** For tests that cannot wait. */
export interface RedisTimes
  extends RedisLeaseTimes,
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

class SharedTier implements RedisTier {
  readonly name = 'redis';
  readonly persistent = true;
  readonly makesUp = true;
  readonly givesAway = true;
  readonly leaseFinds = true;
  readonly #clock: Clock;
  readonly #records: RedisRecords;
  readonly #names: RedisNames;
  /** This process, toward others. */
  readonly #process: string;
  readonly #server: RedisServer;
  readonly #send: RedisSend;
  readonly #steps: RedisSteps;
  readonly #leases: RedisLeases;
  readonly #waits: RedisWaits;
  readonly #invalidations: RedisInvalidations;
  #closing: Promise<void> | undefined;

  constructor(options: ResolvedRedisTierOptions, client: Client, clock: Clock, times: RedisTimes) {
    const writer = randomBytes(8);
    this.#clock = clock;
    this.#names = new RedisNames(options.prefix);
    this.#process = writer.toString('base64url');
    const wakes = this.#names.wakes('');
    const send: RedisSend = (args, key) => this.#send(args, key);
    const { maxAge, secret, compressAbove } = options;
    const format = { writer, secret, compressAbove };
    this.#records = new RedisRecords({ clock, format, maxAge, send });
    const isUp = () => this.#server.isUp;
    const random = new RandomBytes();
    this.#leases = new RedisLeases({ send, isUp, clock, times, wakes, random });
    this.#waits = new RedisWaits(send, this.#process, clock, times.lookEvery, (isEmpty) => {
      this.#server.waited = !isEmpty;
    });
    const ended = (what: Invalidation) => this.#endWaits(what);
    this.#invalidations = new RedisInvalidations(this.#names, this.#process, ended);
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
    this.#steps = new RedisSteps({
      send: (session) => (session === undefined ? this.#send : sendTo(this.#server, session)),
      noted: (step, refusal) => this.#server.noted(step, refusal),
      process: this.#process,
      life: String(times.life),
      keep: this.#records.keep,
      wakes,
      random,
      isCluster: client.isCluster,
    });
  }

  async get(functionId: string, key: string): Promise<TierRecord | undefined> {
    const names = this.#asked(functionId, key);
    const asked = this.#clock.date();
    const reply = await this.#steps.ask('g', names);
    const found = await this.#records.found(names, reply, asked);
    return found?.state === 'sound' ? found.record : undefined;
  }

  async set(functionId: string, key: string, record: TierRecord): Promise<void> {
    const names = this.#asked(functionId, key);
    // Between two sessions another process may have invalidated it, whose message this one has missed.
    const session = this.#server.numberNow ?? (await this.#server.sessionNumber());
    const { head, body, timeLeft } = await this.#records.written(names, record);
    await this.#steps.ask('p', names, [head, timeLeft], body, session);
  }

  async lease(functionId: string, key: string, refresh = false): Promise<LeaseAnswer> {
    const names = this.#asked(functionId, key);
    // What is sent beyond this, and is not answered, may be granted all the same.
    if (this.#server.numberNow === undefined) await this.#server.sessionNumber();
    for (let look = !refresh; ; ) {
      const question = this.#waits.ask(functionId, names);
      const answer = await this.#ask(names, look, question).finally(question.done);
      if (typeof answer === 'object') return answer;
      // What is damaged was removed, and what has expired here has not in Redis.
      if (answer === 'expired') look = false;
    }
  }

  isUp(): boolean {
    return this.#server.isUp;
  }

  async delete(functionId: string, key: string): Promise<void> {
    await this.#invalidate({ of: 'key', functionId, key });
  }

  async discard(functionId: string, key: string): Promise<void> {
    await this.#records.remove(this.#names.key(functionId, key));
  }

  async clear(functionId?: string): Promise<void> {
    await this.#invalidate(allOf(functionId));
  }

  onInvalidate(heard: (what: Invalidation) => void): void {
    this.#invalidations.listen(heard);
  }

  stats(): RedisStats {
    return {
      ...this.#server.stats,
      damaged: this.#records.damaged,
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
    this.#steps.flush();
    await this.#server.invalidate(what);
    this.#endWaits(what);
  }

  #asked(functionId: string, key: string): RedisKey {
    this.#invalidations.asked(functionId);
    return this.#names.key(functionId, key);
  }

  /** What the record is instead, when there is one that cannot be used. */
  async #ask(
    names: RedisKey,
    look: boolean,
    question: LeaseQuestion,
  ): Promise<LeaseAnswer | 'expired' | 'damaged'> {
    const token = this.#leases.newToken();
    const asked = this.#clock.date();
    const answer = this.#steps.ask(look ? 'l' : 'r', names, [token]);
    const reply = await this.#leases.asked(names, token, answer);
    if (reply === DONE)
      return { state: 'granted', lease: this.#leases.granted(names, token, this.#put(names)) };
    if (isHeld(reply)) return { state: 'held', ...question.held(reply[1]) };
    const found = await this.#records.found(names, reply, asked);
    if (found?.state === 'sound') return { state: 'found', record: found.record };
    return found?.state ?? 'damaged';
  }

  #put(names: RedisKey) {
    return async (token: string, record: TierRecord): Promise<boolean> => {
      const { head, body, timeLeft } = await this.#records.written(names, record);
      const stored = await this.#steps.ask('s', names, [token, names.name, head, timeLeft], body);
      return stored === DONE;
    };
  }

  /** A process that waits for one of these asks again. */
  #endWaits(what: Invalidation): void {
    if (what.of === 'all') this.#waits.endAll();
    else if (what.of === 'function') this.#waits.endOfFunction(what.functionId);
    else this.#waits.endOf(this.#names.key(what.functionId, what.key).name);
  }
}

function isHeld(reply: RedisReply): reply is [number, Buffer] {
  return Array.isArray(reply) && reply[0] === HELD;
}
