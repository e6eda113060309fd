/** What is done in slices, and what comes between two of them. */

import { expect, test } from 'vitest';
import { type FakePeer, World } from './world.ts';

/** More than is done at once. */
const MANY = 200;

/** A thread with so many computations of `f`, begun for calls of its own. */
function crowded() {
  const world = new World({ withTier: false });
  const [peer] = world.peers as [FakePeer];
  for (let n = 0; n < MANY; n++) {
    world.claim(peer, 'lead', 'f', String(n), 0, false);
    while (peer.inbox.length > 0) world.read(peer);
  }
  const waiters = () =>
    world.coordinator
      .inspect([])
      .flights.flatMap((its) => (its.state === 'stopping' ? [] : its.waiters));
  const leases = () => [...world.coordinator.computations()].length;
  const turns = () => {
    for (let left = MANY; left > 0; left--) world.clock.turn();
  };
  return { world, peer, waiters, leases, turns };
}

test('a thread dies with computations that were abandoned: they end in slices, and no later call of their keys with them', () => {
  const { world, peer, waiters, leases, turns } = crowded();
  for (const caller of world.callers) world.leave(caller);
  expect(leases()).toBe(MANY);
  world.die(peer);
  expect(leases()).toBeGreaterThan(MANY / 2);
  const keys = Array.from({ length: MANY }, (_, n) => String(n));
  for (const key of keys) world.callLocally('f', key, false);
  const begun = world.fn('f').counters.computations;
  turns();
  for (const key of keys) world.callLocally('f', key, false);
  expect(waiters()).toEqual(keys.map(() => 2));
  // None of them was begun a second time.
  expect(world.fn('f').counters.computations).toBe(begun);
  expect(peer.leases.size).toBe(0);
});

test('a thread dies in a pool that is closed: its computations end in slices, and count as nothing', () => {
  const { world, peer, waiters, leases, turns } = crowded();
  void world.coordinator.close();
  turns();
  expect(waiters()).toEqual([]);
  expect(leases()).toBe(MANY);
  world.die(peer);
  expect(leases()).toBeGreaterThan(MANY / 2);
  turns();
  expect([leases(), peer.leases.size]).toEqual([0, 0]);
  const { lost, cancelled } = world.fn('f').counters;
  expect([lost, cancelled]).toEqual([0, 0]);
});

test('a thread dies while its pool is being closed: each call is answered, and nothing begins again', () => {
  const { world, peer, leases, turns } = crowded();
  for (let n = 0; n < MANY; n++) world.callLocally('f', String(n), false);
  void world.coordinator.close();
  world.clock.turn();
  const begun = world.fn('f').counters.computations;
  world.die(peer);
  turns();
  expect(leases()).toBe(0);
  expect(world.fn('f').counters.computations).toBe(begun);
  expect(world.callers.filter(({ state }) => state === 'waiting')).toEqual([]);
});

test('many calls are withdrawn: none in this turn, and none that comes before its slice', () => {
  const world = new World({ withTier: false });
  const states = () => world.callers.map(({ state }) => state);
  for (let n = 0; n < MANY; n++) world.callLocally('f', String(n), false);
  const open = states().filter((state) => state === 'waiting').length;
  world.withdraw();
  expect(world.coordinator.queued).toBe(0);
  expect(states().filter((state) => state === 'waiting')).toHaveLength(open);
  for (let n = 0; n < MANY; n++) world.callLocally('f', String(n), false);
  for (let left = MANY; left > 0; left--) world.clock.turn();
  const waiting = world.callers.map(({ state }) => state === 'waiting');
  expect(waiting.slice(MANY)).toEqual(Array.from({ length: MANY }, () => true));
  expect(waiting.slice(0, MANY).filter(Boolean)).toEqual([]);
  const handedOut = [...world.coordinator.computations()].length;
  expect(world.coordinator.queued + handedOut).toBe(MANY);
});
