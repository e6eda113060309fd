/** A computation's time begins before its function does, or is over although it has ended. */

import { expect, test } from 'vitest';
import type { FakePeer, Running } from './world.ts';
import { World } from './world.ts';

const HARD = 50;

function world() {
  const made = new World({ withTier: false, timed: true });
  const state = () => made.callers.map((caller) => caller.state);
  const pass = (ms: number) => {
    made.step++;
    made.clock.advance(ms);
    made.clock.turn();
    made.check();
  };
  return { world: made, state, pass };
}

test('the time begins when the function is called, not when it is queued or handed over', () => {
  const { world: each, state, pass } = world();
  each.callLocally('g', '1', false);
  pass(10 * HARD);
  const peer = each.peers.find(({ handed }) => handed.length > 0) as FakePeer;
  each.start(peer);
  pass(HARD - 1);
  expect(state()).toEqual(['waiting']);
  pass(1);
  expect(state()).toEqual(['answered']);
  expect(each.fn('g').counters).toMatchObject({ hardTimeouts: 1, cancelled: 0, errors: 0 });
});

test('an outcome that is here by then counts, however late this thread has looked', () => {
  const { world: each, state } = world();
  each.callLocally('g', '1', false);
  each.start(each.peers.find(({ handed }) => handed.length > 0) as FakePeer);
  each.clock.advance(10 * HARD);
  each.finish([...each.running.values()][0] as Running, 'complete', true);
  each.clock.turn();
  expect(state()).toEqual(['answered']);
  expect(each.fn('g').counters).toMatchObject({ hardTimeouts: 0, entries: 1 });
});

test('callers of what never settles on the own thread keep the process alive until then', () => {
  const { world: each, pass } = world();
  each.callLocally('m', '1', false);
  each.start(each.own);
  expect(each.clock.mayEnd).toBe(false);
  pass(HARD);
  expect(each.clock.mayEnd).toBe(true);
  each.callLocally('m', '1', false);
  each.start(each.own);
  each.finish([...each.running.values()].at(-1) as Running, 'complete', true);
  expect(each.clock.mayEnd).toBe(true);
});
