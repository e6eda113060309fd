/**
 * The leases of other processes that calls here wait for. memcached sends no messages of its own, so
 * they are looked at: all that are on one server in one packet, without the values.
 */

import type { Clock } from '../../clock.ts';
import { type Looks, type Wait, Waits } from '../waits.ts';
import { joined } from './items.ts';
import type { MemcachedKey } from './names.ts';
import type { MemcachedReply } from './replies.ts';
import type { MemcachedServer } from './server.ts';

const LOOKS: Looks = { shortest: 10, longest: 250, perMillisecond: 25 };

export interface SeenLease {
  readonly server: MemcachedServer;
  readonly key: MemcachedKey;
  /** Of the lease; a renewal changes it too, and then the lease is asked for again. */
  readonly cas: string;
  readonly generations: Buffer;
}

export type MemcachedWaits = Waits<SeenLease>;

/** What was asked for in this look, by server and name: the generations once for all. */
type Asked = Map<MemcachedServer, Map<string, Promise<MemcachedReply | undefined>>>;

export function memcachedWaits(clock: Clock): MemcachedWaits {
  return new Waits(clock, LOOKS, async (waits, end) => {
    const asked: Asked = new Map();
    const lookAt = async (wait: Wait<SeenLease>) => {
      if (!(await isStillHeld(wait.of, asked))) end(wait);
    };
    await Promise.all(waits.map(lookAt));
  });
}

/** Not, as far as is known, where that is unknown: then the lease is asked for again. */
async function isStillHeld(lease: SeenLease, asked: Asked): Promise<boolean> {
  const { server, key } = lease;
  const ofServer = asked.get(server) ?? new Map<string, Promise<MemcachedReply | undefined>>();
  asked.set(server, ofServer);
  const own = server.send({ line: `mg ${key.name} c` }).catch(() => undefined);
  const generations = key.generations.map((name) => {
    const once = ofServer.get(name) ?? server.send({ line: `mg ${name} v` }).catch(() => undefined);
    ofServer.set(name, once);
    return once;
  });
  const cas = (await own)?.flags.get('c');
  const current = joined(await Promise.all(generations));
  return cas === lease.cas && current?.equals(lease.generations) === true;
}
