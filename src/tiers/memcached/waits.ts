/**
 * The leases of others that somebody here waits for. memcached tells nobody anything, so they are
 * looked at: often at first, and less often when what they wait for takes long; all that are on one
 * server in one packet, without the values.
 */

import type { Clock, Timer } from '../../clock.ts';
import { joined } from './items.ts';
import type { MemcachedKey } from './names.ts';
import type { Reply } from './replies.ts';
import type { Server } from './server.ts';

/** Milliseconds between two looks: an eighth of the age of the youngest wait, within these. */
const SHORTEST = 10;
const LONGEST = 250;
const PART_OF_AGE = 8;
/** Looked at in one millisecond, on average. */
const A_MILLISECOND = 25;

interface Wait {
  readonly server: Server;
  readonly key: MemcachedKey;
  /** Of the lease; a renewal changes it too, and then whoever waits asks again. */
  readonly cas: string;
  readonly generations: Buffer;
  readonly end: () => void;
}

export class Waits {
  readonly #clock: Clock;
  readonly #waits = new Set<Wait>();
  /** When the last one was added. */
  #youngest = 0;
  #timer: Timer | undefined;
  #nextAt = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  add(wait: Omit<Wait, 'end'>): { readonly over: Promise<void>; leave(): void } {
    let end = () => {};
    const over = new Promise<void>((resolve) => {
      end = resolve;
    });
    const added: Wait = { ...wait, end };
    this.#waits.add(added);
    this.#youngest = this.#clock.now();
    this.#lookLater();
    return { over, leave: () => this.#end(added) };
  }

  endAll(): void {
    for (const wait of this.#waits) this.#end(wait);
  }

  #end(wait: Wait): void {
    this.#waits.delete(wait);
    wait.end();
  }

  /** Never later than was planned: others may be added all the time. */
  #lookLater(): void {
    const now = this.#clock.now();
    const age = now - this.#youngest;
    const every = Math.min(Math.max(age / PART_OF_AGE, SHORTEST), LONGEST);
    const nextAt = now + Math.max(every, this.#waits.size / A_MILLISECOND);
    if (this.#timer && this.#nextAt <= nextAt) return;
    this.#timer?.cancel();
    this.#nextAt = nextAt;
    this.#timer = this.#clock.after(nextAt - now, () => void this.#look());
  }

  async #look(): Promise<void> {
    this.#timer = undefined;
    const waits = [...this.#waits];
    const generations = new Map<Server, Map<string, Promise<Reply | undefined>>>();
    await Promise.all(waits.map((wait) => this.#lookAt(wait, generations)));
    if (this.#waits.size > 0) this.#lookLater();
  }

  /** The generations once for all; those that cannot be looked at are asked for again by whoever waits. */
  async #lookAt(
    wait: Wait,
    asked: Map<Server, Map<string, Promise<Reply | undefined>>>,
  ): Promise<void> {
    const { server, key } = wait;
    const ofServer = asked.get(server) ?? new Map<string, Promise<Reply | undefined>>();
    asked.set(server, ofServer);
    const own = server.send({ line: `mg ${key.name} c` }).catch(() => undefined);
    const generations = key.generations.map((name) => {
      const once =
        ofServer.get(name) ?? server.send({ line: `mg ${name} v` }).catch(() => undefined);
      ofServer.set(name, once);
      return once;
    });
    const cas = (await own)?.flags.get('c');
    const current = joined(await Promise.all(generations));
    if (cas !== wait.cas || !current?.equals(wait.generations)) this.#end(wait);
  }
}
