/** What a thread is handed ahead, and where it goes when that was wrong: forced schedules. */

import { setImmediate } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { type FakePeer, World } from './world.ts';

/** Two threads, each with one short task that it has started, and so many calls that wait. */
async function busy(waiting: number): Promise<{ world: World; peers: [FakePeer, FakePeer] }> {
  const world = new World({ withTier: false });
  world.fn('f').took(1);
  for (let n = 0; n < 2 + waiting; n++) world.callLocally('f', String(n), false);
  for (const peer of world.peers) world.start(peer);
  await setImmediate();
  return { world, peers: world.peers as [FakePeer, FakePeer] };
}

/** The thread ends what it computes. */
async function end(world: World, peer: FakePeer): Promise<void> {
  for (const each of [...world.running.values()].filter((running) => running.peer === peer))
    world.finish(each, 'complete', true, 1);
  await setImmediate();
}

const handed = (peers: readonly FakePeer[]) => peers.map(({ handed }) => handed.length);

test('while more wait than there are threads, a thread has its next task before it needs it', async () => {
  const { world, peers } = await busy(5);
  expect([handed(peers), world.dispatcher.size]).toEqual([[1, 1], 3]);
  await end(world, peers[0]);
  expect([handed(peers), world.dispatcher.size]).toEqual([[2, 1], 2]);
});

test('the last that wait go to whoever is free first, and to nobody ahead', async () => {
  const { world, peers } = await busy(1);
  expect([handed(peers), world.dispatcher.size]).toEqual([[0, 0], 1]);
});

test('what takes long is not handed out ahead', async () => {
  const { world, peers } = await busy(0);
  world.fn('g').took(50);
  for (const n of ['1', '2', '3']) world.callLocally('g', n, false);
  await setImmediate();
  expect([handed(peers), world.dispatcher.size]).toEqual([[0, 0], 3]);
});

test('a thread without work gets what another was handed ahead and has not started', async () => {
  const { world, peers } = await busy(3);
  const [first, second] = peers;
  expect([handed(peers), world.dispatcher.size]).toEqual([[1, 1], 1]);
  for (let n = 0; n < 2; n++) {
    await end(world, first);
    world.start(first);
  }
  expect([handed(peers), world.dispatcher.size]).toEqual([[0, 1], 0]);
  await end(world, first);
  expect(handed(peers)).toEqual([1, 0]);
  world.start(first);
  for (const peer of [first, second]) await end(world, peer);
  expect(world.callers.every(({ state }) => state === 'answered')).toBe(true);
});
