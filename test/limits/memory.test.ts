/** The limit in bytes holds for what is counted, and the process takes much more. */

import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { MessageChannel, receiveMessageOnPort } from 'node:worker_threads';
import { expect, test } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import { Coordinator } from '../../src/coordinator/coordinator.ts';
import type { Flight, Waiter } from '../../src/coordinator/flight.ts';
import { Memory } from '../../src/coordinator/memory.ts';
import { canonicalKey } from '../../src/keys/canonical.ts';
import type { Outcome } from '../../src/protocol.ts';
import { TierChain } from '../../src/tiers/chain.ts';
import { toPortable } from '../../src/values/portable.ts';
import { inFull } from '../effort.ts';
import { PretendedPeer } from '../pretended-peer.ts';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/**
 * Memory of array buffers is part of `external`, and is given back some time after the garbage
 * collection: what counts is what is left when nothing goes away any more.
 */
async function memoryHeld(): Promise<number> {
  let least = Number.POSITIVE_INFINITY;
  for (let quiet = 0; quiet < 5; quiet++) {
    collectGarbage();
    for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
    const { heapUsed, external } = process.memoryUsage();
    if (heapUsed + external < least * 0.999) quiet = 0;
    least = Math.min(least, heapUsed + external);
  }
  return least;
}

/** A coordinator whose flights are computed at once by a thread that is only pretended. */
function world(max: number) {
  const size = 64 * 2 ** 20;
  const limits = { max: Number.POSITIVE_INFINITY, maxSize: size, maxEntrySize: size };
  const memory = new Memory(limits, systemClock);
  const coordinator = new Coordinator({
    clock: systemClock,
    memory,
    tiers: new TierChain([]),
    supply: { want() {}, spare: () => 0, replaces: () => false },
    attempts: 2,
    maxQueue: Number.POSITIVE_INFINITY,
    threads: 1,
    own: new PretendedPeer(),
  });
  const fn = coordinator.define({
    id: 'threadmemo/memory.js#memory',
    module: 'file:///m.js',
    max,
    versioned: true,
  });
  const peer = new PretendedPeer();
  coordinator.employ(peer);
  const { port1, port2 } = new MessageChannel();

  function compute(n: number, value: unknown): void {
    const waiter: Waiter = {
      peer: undefined,
      mode: 'wait',
      parent: undefined,
      flight: undefined,
      place: 0,
      deliver() {},
      lead() {},
      ledItself() {},
      forsaken() {},
    };
    const key = canonicalKey([n]);
    coordinator.want({ fn, key, args: [n], waiter, refresh: false });
    const { lease } = peer.given.pop() as Flight;
    const kept = { ttl: Number.POSITIVE_INFINITY, ms: 1.5 };
    port1.postMessage({
      type: 'complete',
      lease: lease?.id,
      value: toPortable(value, 'value'),
      ...kept,
    });
    const received = receiveMessageOnPort(port2) as { message: Outcome };
    coordinator.settle(received.message);
  }
  return { memory, compute, close: () => port1.close() };
}

const ENTRIES = 20_000;
/** Of bookkeeping an entry, in the arena. */
const MOST = 64;

const kinds: [string, (n: number) => unknown, number, number][] = [
  // The order of eviction has 16 bytes an entry, ghosts included, in arrays that double.
  ['numbers', (n: number) => n + 0.5, Number.POSITIVE_INFINITY, 60],
  ['texts of 20 characters', (n: number) => String(n).padStart(20), Number.POSITIVE_INFINITY, 60],
  ['Buffers of 20 bytes', (n: number) => Buffer.alloc(20, n), Number.POSITIVE_INFINITY, 60],
  ['Buffers of 20 bytes, in a function with max', (n: number) => Buffer.alloc(20, n), 1e9, 250],
];
test.runIf(inFull).each(kinds)(
  '%s take what is counted, in the arena, and next to nothing outside',
  async (what, value, max, most) => {
    const { memory, compute, close } = world(max);
    for (let n = 0; n < 1000; n++) compute(n, value(n));
    const before = await memoryHeld();
    for (let n = 0; n < ENTRIES; n++) compute(10_000_000 + n, value(n));
    const outside = ((await memoryHeld()) - before) / ENTRIES;
    close();
    expect(memory.size).toBe(ENTRIES + 1000);
    const { entries, bookkeeping, used } = memory.usage();
    const inside = bookkeeping / entries;
    console.log(
      `${what}: ${inside.toFixed(1)} bytes of bookkeeping, ${outside.toFixed(1)} outside`,
    );
    expect(inside).toBeLessThan(MOST);
    expect(outside).toBeLessThan(most);
    // The last segment is half empty.
    expect(memory.bytes / used).toBeGreaterThan(0.6);
    expect(memory.bytes / used).toBeLessThan(1.05);
  },
);
