/** The limit in bytes holds for what is counted, and the process takes much more. */

import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { MessageChannel, receiveMessageOnPort } from 'node:worker_threads';
import { expect, test } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import { canonicalKey } from '../../src/keys/canonical.ts';
import { Coordinator } from '../../src/main/coordinator.ts';
import type { Flight, Peer, Waiter } from '../../src/main/flight.ts';
import { Store } from '../../src/main/store.ts';
import { TierChain } from '../../src/main/tier-chain.ts';
import type { Outcome } from '../../src/protocol.ts';
import { toPortable } from '../../src/values/portable.ts';

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
  const store = new Store(limits, systemClock);
  const waiting: Flight[] = [];
  const backlog = {
    enqueue: (flight: Flight) => waiting.push(flight) > 0,
    withdraw() {},
    hasRoomBeside: () => true,
    openings: () => 1,
  };
  const tiers = new TierChain([]);
  const coordinator = new Coordinator({
    clock: systemClock,
    store,
    tiers,
    backlog,
    attempts: 2,
    threads: 1,
  });
  const fn = coordinator.define({
    id: 'threadmemo/memory.js#memory',
    module: 'file:///m.js',
    max,
    versioned: true,
  });
  const peer: Peer = {
    leases: new Set(),
    calls: new Map(),
    blocking: new Set(),
    active: 0,
    leads: 0,
    expectedMs: 0,
    gone: false,
    replaced: false,
    hasRoom: false,
    post() {},
    tellOf() {},
    canTakeMore() {},
    prepare() {},
    handOver() {},
    takeBack: () => false,
    terminate() {},
  };
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
    };
    const key = canonicalKey([n]);
    coordinator.want({ fn, key, waiter, refresh: false });
    const flight = waiting.pop() as Flight;
    const { id } = coordinator.begin(flight, peer);
    const kept = { ttl: Number.POSITIVE_INFINITY, ms: 1.5 };
    port1.postMessage({ type: 'complete', lease: id, value: toPortable(value, 'value'), ...kept });
    const received = receiveMessageOnPort(port2) as { message: Outcome };
    coordinator.settle(received.message);
  }
  return { store, compute, close: () => port1.close() };
}

const ENTRIES = 20_000;
/** Of bookkeeping an entry, in the arena. */
const MOST = 64;

test.each([
  // The eviction order has 8 bytes in arrays that double.
  ['numbers', (n: number) => n + 0.5, Number.POSITIVE_INFINITY, 40],
  ['texts of 20 characters', (n: number) => String(n).padStart(20), Number.POSITIVE_INFINITY, 40],
  ['Buffers of 20 bytes', (n: number) => Buffer.alloc(20, n), Number.POSITIVE_INFINITY, 40],
  ['Buffers of 20 bytes, in a function with max', (n: number) => Buffer.alloc(20, n), 1e9, 250],
])(
  '%s take what is counted, in the arena, and next to nothing outside',
  async (what, value, max, most) => {
    const { store, compute, close } = world(max);
    for (let n = 0; n < 1000; n++) compute(n, value(n));
    const before = await memoryHeld();
    for (let n = 0; n < ENTRIES; n++) compute(10_000_000 + n, value(n));
    const outside = ((await memoryHeld()) - before) / ENTRIES;
    close();
    expect(store.size).toBe(ENTRIES + 1000);
    const { entries, bookkeeping, used } = store.usage();
    const inside = bookkeeping / entries;
    console.log(
      `${what}: ${inside.toFixed(1)} bytes of bookkeeping, ${outside.toFixed(1)} outside`,
    );
    expect(inside).toBeLessThan(MOST);
    expect(outside).toBeLessThan(most);
    // The last segment is half empty.
    expect(store.bytes / used).toBeGreaterThan(0.6);
    expect(store.bytes / used).toBeLessThan(1.05);
  },
);
