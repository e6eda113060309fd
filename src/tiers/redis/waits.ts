/**
 * The leases of other processes that calls here wait for. The process that ends a lease tells those
 * that wait, see `scripts.ts`. A holder that dies tells none, and a message may be lost; so all that is
 * waited for is looked at now and then, in one round trip.
 *
 * Messages come on another connection than answers, and may come first. So a wait begins when its
 * lease is asked for: a message before the answer ends it, too, and it is asked for again.
 */

import type { Clock } from '../../clock.ts';
import { newWait, type Wait, Waits } from '../waits.ts';
import { byBucket, type RedisKey } from './names.ts';
import { type RedisSend, runScript, scripts } from './scripts.ts';

interface AskedLease {
  readonly functionId: string;
  readonly key: RedisKey;
  /** Not known before the answer. */
  token: Buffer | undefined;
}

type LeaseWait = Wait<AskedLease>;

/** A question whose answer may be that the lease is held. */
export interface LeaseQuestion {
  /** The answer was that the lease with this token is held. */
  held(token: Buffer): { readonly over: Promise<void>; leave(): void };
  /** There was any answer, or none. */
  done(): void;
}

export class RedisWaits {
  readonly #send: RedisSend;
  readonly #process: string;
  readonly #changed: (isEmpty: boolean) => void;
  readonly #asked = new Set<LeaseWait>();
  /** Those whose lease is held. */
  readonly #held: Waits<AskedLease>;
  /** All of them. */
  readonly #byName = new Map<string, Set<LeaseWait>>();

  constructor(
    send: RedisSend,
    process: string,
    clock: Clock,
    lookEvery: number,
    changed: (isEmpty: boolean) => void,
  ) {
    this.#send = send;
    this.#process = process;
    this.#changed = changed;
    const looks = { shortest: lookEvery, longest: lookEvery };
    this.#held = new Waits(clock, looks, (waits) => this.#look(waits));
  }

  /** To be called before the lease is asked for. */
  ask(functionId: string, key: RedisKey): LeaseQuestion {
    const wait = newWait<AskedLease>({ functionId, key, token: undefined });
    this.#asked.add(wait);
    const ofName = this.#byName.get(key.name) ?? new Set();
    this.#byName.set(key.name, ofName.add(wait));
    return {
      held: (token) => this.#begin(wait, token),
      done: () => {
        if (this.#asked.has(wait)) this.#end(wait);
      },
    };
  }

  endAll(): void {
    for (const wait of this.#all()) this.#end(wait);
  }

  endOf(name: string): void {
    for (const wait of this.#byName.get(name) ?? []) this.#end(wait);
  }

  endOfFunction(functionId: string): void {
    for (const wait of this.#all()) if (wait.of.functionId === functionId) this.#end(wait);
  }

  #all(): LeaseWait[] {
    return [...this.#asked, ...this.#held];
  }

  #begin(wait: LeaseWait, token: Buffer): { over: Promise<void>; leave(): void } {
    // Unless it was ended by a message meanwhile.
    if (this.#asked.delete(wait)) {
      wait.of.token = token;
      this.#held.add(wait);
      if (this.#held.size === 1) this.#changed(false);
    }
    return { over: wait.over, leave: () => this.#end(wait) };
  }

  #end(wait: LeaseWait): void {
    const wasHeld = this.#held.end(wait);
    if (!this.#asked.delete(wait) && !wasHeld) return;
    const { name } = wait.of.key;
    const ofName = this.#byName.get(name);
    ofName?.delete(wait);
    if (ofName?.size === 0) this.#byName.delete(name);
    if (wasHeld && this.#held.size === 0) this.#changed(true);
  }

  async #look(waits: readonly LeaseWait[]): Promise<void> {
    const buckets = byBucket(waits, (wait) => wait.of.key);
    await Promise.all([...buckets].map(([all, ofBucket]) => this.#lookAt(all, ofBucket)));
  }

  /** Those that cannot be looked at end, too: their leases are asked for again. */
  async #lookAt(all: string, waits: readonly LeaseWait[]): Promise<void> {
    const leases = waits.map((wait) => wait.of);
    const keys = [all, ...leases.flatMap(({ key }) => [key.lease, key.own])];
    const args = [this.#process, ...leases.map(({ token }) => token ?? '')];
    const goOn = await runScript(this.#send, scripts.look, keys, args).catch(() => []);
    for (const [at, wait] of waits.entries()) {
      if (!Array.isArray(goOn) || goOn[at] !== 1) this.#end(wait);
    }
  }
}
