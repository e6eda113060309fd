/**
 * What somebody here waits for: leases of other processes. Who ends a lease tells those that wait,
 * see `scripts.ts`. A holder that dies tells nobody, and a message may be lost; so all that is
 * waited for is looked at now and then, in one round trip.
 */

import type { Clock, Timer } from '../../clock.ts';
import { byBucket, type RedisKey } from './names.ts';
import { runScript, type Send, scripts } from './scripts.ts';

interface Wait {
  readonly functionId: string;
  readonly key: RedisKey;
  readonly token: Buffer;
  readonly end: () => void;
}

export class Waits {
  readonly #send: Send;
  readonly #process: string;
  readonly #clock: Clock;
  readonly #lookEvery: number;
  readonly #changed: (isEmpty: boolean) => void;
  readonly #waits = new Set<Wait>();
  readonly #byName = new Map<string, Set<Wait>>();
  #timer: Timer | undefined;

  constructor(
    send: Send,
    process: string,
    clock: Clock,
    lookEvery: number,
    changed: (isEmpty: boolean) => void,
  ) {
    this.#send = send;
    this.#process = process;
    this.#clock = clock;
    this.#lookEvery = lookEvery;
    this.#changed = changed;
  }

  add(functionId: string, key: RedisKey, token: Buffer): { over: Promise<void>; leave(): void } {
    let end = () => {};
    const over = new Promise<void>((resolve) => {
      end = resolve;
    });
    const wait = { functionId, key, token, end };
    this.#waits.add(wait);
    const ofName = this.#byName.get(key.name) ?? new Set();
    this.#byName.set(key.name, ofName.add(wait));
    if (this.#waits.size === 1) this.#changed(false);
    this.#lookLater();
    return { over, leave: () => this.#end(wait) };
  }

  endAll(): void {
    for (const wait of this.#waits) this.#end(wait);
  }

  endOf(name: string): void {
    for (const wait of this.#byName.get(name) ?? []) this.#end(wait);
  }

  endOfFunction(functionId: string): void {
    for (const wait of this.#waits) if (wait.functionId === functionId) this.#end(wait);
  }

  #end(wait: Wait): void {
    wait.end();
    if (!this.#waits.delete(wait)) return;
    const ofName = this.#byName.get(wait.key.name);
    ofName?.delete(wait);
    if (ofName?.size === 0) this.#byName.delete(wait.key.name);
    if (this.#waits.size > 0) return;
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#changed(true);
  }

  #lookLater(): void {
    this.#timer ??= this.#clock.after(this.#lookEvery, () => void this.#look());
  }

  async #look(): Promise<void> {
    // Before anything is awaited: the next one may be planned meanwhile.
    this.#timer = undefined;
    const buckets = byBucket(this.#waits);
    await Promise.all([...buckets].map(([all, waits]) => this.#lookAt(all, waits)));
    if (this.#waits.size > 0) this.#lookLater();
  }

  /** Those that cannot be looked at are asked for again by whoever waits. */
  async #lookAt(all: string, waits: readonly Wait[]): Promise<void> {
    const keys = [all, ...waits.flatMap(({ key }) => [key.lease, key.own])];
    const args = [this.#process, ...waits.map(({ token }) => token)];
    const goOn = await runScript(this.#send, scripts.look, keys, args).catch(() => []);
    for (const [at, wait] of waits.entries()) {
      if (!Array.isArray(goOn) || goOn[at] !== 1) this.#end(wait);
    }
  }
}
