/** Memory keeps what took long to compute, although a tier has it, rather than what only memory has. */

import { expect, test } from 'vitest';
import { keyOf } from '../../src/call/registry.ts';
import { Coordinator } from '../../src/coordinator/coordinator.ts';
import { FunctionRecord } from '../../src/coordinator/function-record.ts';
import { Memory } from '../../src/coordinator/memory.ts';
import { Codec } from '../../src/protocol.ts';
import { TierChain } from '../../src/tiers/chain.ts';
import { mapTier } from '../../src/tiers/map-tier.ts';
import type { Tier } from '../../src/tiers/tier.ts';
import { toEncoded } from '../../src/values/portable.ts';
import { FakeClock } from '../fake-clock.ts';
import { PretendedPeer } from '../pretended-peer.ts';

const MAX = 100;
/** Milliseconds in which the tier answers. */
const READ_MS = 4;

/** A pool with a tier, and a function of each name. */
function world() {
  const clock = new FakeClock();
  const limits = { max: MAX, maxSize: 2 ** 20, maxEntrySize: 2 ** 16 };
  const memory = new Memory(limits, clock);
  const map = mapTier();
  const tier: Tier = {
    ...map,
    async get(fn, key) {
      clock.advance(READ_MS);
      return await map.get(fn, key);
    },
  };
  const coordinator = new Coordinator({
    clock,
    memory,
    tiers: new TierChain([tier], { clock }),
    supply: { want() {}, spare: () => 0, replaces: () => false },
    attempts: 2,
    maxQueue: Number.POSITIVE_INFINITY,
    threads: 1,
    own: new PretendedPeer(),
  });
  const fn = (id: string) =>
    coordinator.define({
      id,
      module: 'file:///m.js',
      max: Number.POSITIVE_INFINITY,
      versioned: true,
    });

  /** What a call of it is answered with by the tier. */
  async function readFromTier(of: FunctionRecord): Promise<void> {
    const computedAt = clock.date();
    const record = { value: toEncoded(7), ms: 1000, computedAt, expiresAt: computedAt + 1e6 };
    await map.set(of.info.id, keyOf(of.info.id, '(0)'), record);
    await new Promise<void>((resolve) => {
      const waiter = {
        ...{
          peer: undefined,
          mode: 'wait' as const,
          parent: undefined,
          flight: undefined,
          place: 0,
        },
        ...{ deliver: () => resolve(), lead() {}, ledItself() {}, forsaken() {} },
      };
      coordinator.want({ fn: of, key: '(0)', args: [0], waiter, refresh: false });
    });
  }

  let lastId = 1000;
  /** Keeps values that took so long to compute. */
  function keep(of: FunctionRecord, count: number, ms: number): void {
    for (let n = 1; n <= count; n++) memory.set(of, `(${n})`, { value: n, ms, ttl: 1e6 }, ++lastId);
  }
  return { memory, fn, readFromTier, keep };
}

test('of what a tier has, the time to read it counts, not that to compute it', async () => {
  const { fn, readFromTier, keep } = world();
  const [inTier, onlyHere, others] = [fn('m.js#f'), fn('m.js#g'), fn('m.js#h')];
  await readFromTier(inTier);
  expect(inTier.readMs).toBe(READ_MS);
  keep(inTier, 49, 1000);
  keep(onlyHere, 50, 100);
  keep(others, 30, 1000);
  expect([inTier.counters.evictions, onlyHere.counters.evictions]).toEqual([30, 0]);
});

test('what is sooner computed than read costs what computing it does', async () => {
  const { fn, readFromTier, keep } = world();
  const [inTier, onlyHere, others] = [fn('m.js#f'), fn('m.js#g'), fn('m.js#h')];
  await readFromTier(inTier);
  keep(onlyHere, 49, 1);
  keep(inTier, 50, 0.01);
  keep(others, 30, 1000);
  expect([inTier.counters.evictions, onlyHere.counters.evictions]).toEqual([30, 0]);
});

test('before a tier has answered with any value of the function, its computing time counts', () => {
  const { fn, keep } = world();
  const [inTier, onlyHere, others] = [fn('m.js#f'), fn('m.js#g'), fn('m.js#h')];
  keep(inTier, 50, 1000);
  keep(onlyHere, 50, 100);
  keep(others, 30, 1000);
  expect([inTier.counters.evictions, onlyHere.counters.evictions]).toEqual([0, 30]);
});

test.each([
  ['is not kept in place of what only memory has', 4, 1],
  ['is kept where no tier has it', Number.POSITIVE_INFINITY, 0],
])('what is large %s', (_, readMs, noRoom) => {
  const limits = { max: 1e6, maxSize: 2 ** 18, maxEntrySize: 2 ** 16 };
  const memory = new Memory(limits, new FakeClock());
  const info = { module: 'file:///m.js', max: Number.POSITIVE_INFINITY, versioned: true };
  const [large, small] = [
    { ...info, id: 'm.js#f' },
    { ...info, id: 'm.js#g' },
  ].map((each, number) => new FunctionRecord(each, number)) as [FunctionRecord, FunctionRecord];
  const bytes = (size: number) => ({ codec: Codec.uint8array, bytes: new Uint8Array(size) });
  for (let n = 0; n < 400; n++)
    memory.set(small, `(${n})`, { value: bytes(2 ** 10), ms: 100, ttl: 1e6 }, n + 1);
  expect(small.counters.evictions).toBeGreaterThan(0);
  if (Number.isFinite(readMs)) large.wasRead(readMs);
  memory.set(large, '(0)', { value: bytes(2 ** 15), ms: 100_000, ttl: 1e6 }, 1000);
  expect(large.counters.notKept.noRoom).toBe(noRoom);
  expect(large.counters.entries).toBe(1 - noRoom);
});
