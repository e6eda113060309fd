/** What a tier is about to answer with when one of its tags is invalidated. */

import { expect, test } from 'vitest';
import { COMMON_TAG, World } from './world.ts';

async function rest(): Promise<void> {
  for (let turns = 40; turns > 0; turns--) await undefined;
}

/** Lets the tier do all that it is asked for. */
async function settle(world: World): Promise<void> {
  await rest();
  while (world.tierWaits.length > 0) {
    world.letTierGoOn(0);
    await rest();
  }
}

/** A thread computes what is asked for. */
async function compute(world: World): Promise<number> {
  await settle(world);
  const [peer] = world.peers;
  if (!peer) throw new Error('no thread');
  world.coordinator.employ(peer);
  await rest();
  world.start(peer);
  const [running] = world.running.values();
  if (!running) throw new Error('nothing is computed');
  world.finish(running, 'complete', true);
  await settle(world);
  return running.lease;
}

test.each([
  ['1', 0],
  [COMMON_TAG, 1],
] as const)(
  'a record whose tag %s is invalidated after that was looked up is not answered with',
  async (tag, nth) => {
    const world = new World({ withTier: true });
    world.callLocally('f', '1', false);
    await compute(world);
    // Memory has room for one.
    world.callLocally('g', '1', false);
    await compute(world);
    expect(world.memory.peek(world.fn('f'), '1')).toBeUndefined();

    world.step++;
    world.callLocally('f', '1', false);
    await rest();
    world.letTierGoOn(0);
    await rest();
    // The rows of both tags are asked for: one has been read when it is invalidated, and the other has not.
    expect(world.tierWaits.length).toBe(2);
    world.letTierGoOn(nth);
    await rest();
    world.step++;
    world.invalidateTags(tag);
    world.letTierGoOn(0);
    await settle(world);
    expect(world.memory.peek(world.fn('f'), '1')).toBeUndefined();
    const again = await compute(world);
    expect(world.memory.peek(world.fn('f'), '1')?.value).toBe(again);
    world.check();
  },
);
