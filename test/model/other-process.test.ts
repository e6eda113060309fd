/** Two processes share a tier that leases: the schedules that matter, forced. */

import { setImmediate } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { TierChain } from '../../src/tiers/chain.ts';
import { mapTier } from '../../src/tiers/map-tier.ts';
import type { Tier, TierLease } from '../../src/tiers/tier.ts';
import { record } from '../suites/tier.ts';
import { type Caller, type FakePeer, World } from './world.ts';

const withOther = () => new World({ withTier: true, withOther: true });

/** All operations of the tier that are asked for happen. */
async function letTierWork(world: World): Promise<void> {
  do {
    for (const go of world.tierWaits.splice(0)) go();
    await setImmediate();
  } while (world.tierWaits.length > 0);
}

/** Both threads are busy with `g(1)` and `g(2)`. */
async function occupyThreads(world: World): Promise<void> {
  for (const argument of ['1', '2']) world.callLocally('g', argument, false);
  await letTierWork(world);
  for (const peer of world.peers) world.start(peer);
  expect(world.running.size).toBe(2);
}

async function finishAll(world: World): Promise<void> {
  for (const each of [...world.running.values()]) world.finish(each, 'complete', true);
  await letTierWork(world);
}

test('what the other process computes is waited for without a thread, and counted as its hit', async () => {
  const world = withOther();
  world.otherComputes('f', '1');
  await letTierWork(world);
  world.callLocally('f', '1', false);
  await letTierWork(world);
  expect([world.coordinator.queued, world.running.size, world.clock.mayEnd]).toEqual([0, 0, false]);
  world.otherStores(0);
  await letTierWork(world);
  expect(world.callers[0]?.state).toBe('answered');
  expect(world.fn('f').counters).toMatchObject({ tierHits: 1, misses: 0, computations: 0 });
  expect(world.clock.mayEnd).toBe(true);
});

test('when the other process gives up, it is computed here', async () => {
  const world = withOther();
  world.otherComputes('f', '1');
  await letTierWork(world);
  world.callLocally('f', '1', false);
  await letTierWork(world);
  world.otherGivesUp(0);
  await letTierWork(world);
  for (const peer of world.peers) world.start(peer);
  expect(world.running.size).toBe(1);
  expect(world.other?.heldBy('us')).toEqual(['f(1)']);
  await finishAll(world);
  expect(world.other?.heldBy('us')).toEqual([]);
});

test('who leaves while the other process computes starts nothing later', async () => {
  const world = withOther();
  world.otherComputes('f', '1');
  await letTierWork(world);
  world.callLocally('f', '1', false);
  await letTierWork(world);
  for (const caller of world.callers) world.leave(caller);
  world.otherGivesUp(0);
  await letTierWork(world);
  expect(world.other?.heldBy('us')).toEqual([]);
  expect(world.clock.mayEnd).toBe(true);
});

test('no lease is held for what has to wait for a thread whose work takes long', async () => {
  const world = withOther();
  await occupyThreads(world);
  world.callLocally('f', '1', false);
  await letTierWork(world);
  expect(world.other?.heldBy('us').sort()).toEqual(['g(1)', 'g(2)']);
  expect(world.coordinator.inLine).toBe(1);
  await finishAll(world);
  expect(world.other?.heldBy('us')).toEqual(['f(1)']);
});

test('a thread that wants what is in line gets its lease at once, and computes it', async () => {
  const world = withOther();
  await occupyThreads(world);
  world.callLocally('f', '1', false);
  await letTierWork(world);
  const [thread] = world.peers as [FakePeer];
  const [its] = [...world.running.values()].filter(({ peer }) => peer === thread);
  world.claim(thread, 'block', 'f', '1', 0, false);
  await letTierWork(world);
  world.read(thread);
  expect(world.other?.heldBy('us')).toContain('f(1)');
  expect(its && world.goesOn(its)).toBe(false);
  expect(world.running.size).toBe(3);
});

test('a lease that no thread begins within a second or two goes back, and comes again', async () => {
  const world = withOther();
  world.fn('f').took(1);
  await occupyThreads(world);
  world.callLocally('f', '1', false);
  await letTierWork(world);
  expect(world.other?.heldBy('us')).toContain('f(1)');
  for (const ms of [1000, 1000]) world.clock.advance(ms);
  await letTierWork(world);
  expect(world.other?.heldBy('us')).not.toContain('f(1)');
  world.otherComputes('f', '1');
  await letTierWork(world);
  expect(world.other?.heldBy('other')).toEqual(['f(1)']);
  await finishAll(world);
  world.otherStores(0);
  await letTierWork(world);
  expect(world.callers.every(({ state }) => state === 'answered')).toBe(true);
});

test('what waits for a thread when it is invalidated asks for its lease again', async () => {
  const world = withOther();
  world.fn('f').took(1);
  await occupyThreads(world);
  world.callLocally('f', '1', false);
  await letTierWork(world);
  world.invalidate('f', '1');
  await letTierWork(world);
  expect(world.other?.heldBy('us')).toContain('f(1)');
  expect(world.coordinator.queued).toBe(1);
});

test('a call from inside a computation waits for the other process for half a minute, no longer', async () => {
  const world = withOther();
  world.otherComputes('f', '1');
  world.callLocally('g', '1', false);
  await letTierWork(world);
  const [thread] = world.peers as [FakePeer];
  world.start(thread);
  world.claim(thread, 'lead', 'f', '1', 0, false);
  await letTierWork(world);
  world.clock.advance(29_000);
  expect(world.running.size).toBe(1);
  world.clock.advance(1000);
  world.read(thread);
  expect(world.running.size).toBe(2);
  expect(world.fn('f').counters.duplicates).toBe(1);
  expect(world.other?.heldBy('other')).toEqual(['f(1)']);
});

test('what was computed while the other process invalidated it is kept nowhere', async () => {
  const world = withOther();
  world.callLocally('f', '1', false);
  await letTierWork(world);
  for (const peer of world.peers) world.start(peer);
  world.otherInvalidates('f', '1');
  await finishAll(world);
  expect(world.callers[0]?.state).toBe('answered');
  expect(world.memory.peek(world.fn('f'), '1')).toBeUndefined();
  world.callLocally('f', '1', false);
  await letTierWork(world);
  expect(world.fn('f').counters).toMatchObject({ misses: 2, tierHits: 0 });
});

test('under a lease that has ended, no other tier keeps the value either', async () => {
  const fast = mapTier();
  const lost: TierLease = { store: async () => false, release: async () => {} };
  const leasing: Tier = {
    ...mapTier(),
    name: 'leasing',
    lease: async () => ({ state: 'granted', lease: lost }),
  };
  const chain = new TierChain([fast, leasing]);
  const answer = await chain.lease('f', 'f(1)', false);
  const lease = answer.state === 'granted' ? answer.lease : undefined;
  expect(await chain.set('f', 'f(1)', record([1]), { lease })).toBe(false);
  expect(await fast.get('f', 'f(1)')).toBeUndefined();
});

test('a tier that fails to lease leaves the computation to this process', async () => {
  const failing: Tier = { ...mapTier(), lease: () => Promise.reject(new Error('no room')) };
  const chain = new TierChain([failing]);
  expect(await chain.lease('f', 'f(1)', false)).toEqual({ state: 'failed' });
  expect(chain.stats.get(failing)?.failures).toBe(1);
});

test('a lease under which nothing could be stored is given back', async () => {
  const calls: string[] = [];
  const lease: TierLease = {
    store: () => Promise.reject(new Error('the disk is full')),
    release: async () => void calls.push('release'),
  };
  const chain = new TierChain([{ ...mapTier(), lease: async () => ({ state: 'granted', lease }) }]);
  expect(await chain.set('f', 'f(1)', record([1]), { lease })).toBe(true);
  expect(calls).toEqual(['release']);
});

test('a refresh that waits for the other process keeps this one alive for its callers only', async () => {
  const world = new World({ withTier: true, withOther: true, stale: true });
  world.callLocally('f', '1', false);
  await letTierWork(world);
  for (const peer of world.peers) world.start(peer);
  await finishAll(world);
  world.passTime(110);
  world.otherInvalidates('f', '1');
  world.otherComputes('f', '1');
  await letTierWork(world);
  world.callLocally('f', '1', false);
  await letTierWork(world);
  expect(world.callers.map(({ state }) => state)).toEqual(['answered', 'answered']);
  const flight = world.coordinator.inspect([]).flights[0];
  expect(flight).toMatchObject({ state: 'held', waiters: 0 });
  expect(world.clock.mayEnd).toBe(true);
  world.callLocally('f', '1', true);
  await letTierWork(world);
  expect(world.clock.mayEnd).toBe(false);
  world.leave(world.callers[2] as Caller);
  expect(world.clock.mayEnd).toBe(true);
});
