/** When a thread that reads nothing is replaced, and when it is not, second by second. */

import { expect, test } from 'vitest';
import { type FakePeer, type Running, World } from './world.ts';

interface Beside {
  readonly peer: FakePeer;
  readonly wanted: Running;
  readonly left: Running;
}

/** A thread that computes `f(1)`, which is wanted, and `g` of something, which was left just now. */
function leaveBeside(world: World, argument: string): Beside {
  const peer = world.peers.find(({ handed }) => handed.length > 0) as FakePeer;
  world.start(peer);
  world.claim(peer, 'lead', 'g', argument, 1, false);
  world.read(peer);
  const [wanted, left] = [...world.running.values()] as [Running, Running];
  expect([wanted.key, left.key]).toEqual(['f(1)', `g(${argument})`]);
  world.leave(left.leader as NonNullable<Running['leader']>);
  return { peer, wanted, left };
}

function opened(): World {
  const world = new World({ withTier: false });
  world.callLocally('f', '1', false);
  return world;
}

/** After so many seconds in which its thread reads nothing, or reads all. */
function replacedAfter(world: World, { peer }: Beside, isReading = false): number {
  for (let seconds = 1; seconds <= 50; seconds++) {
    while (isReading && peer.inbox.length > 0) world.read(peer);
    world.clock.advance(1000);
    if (world.doomed.has(peer)) return seconds;
  }
  return Number.POSITIVE_INFINITY;
}

test('the computation that was left occupies the thread: two seconds', () => {
  for (const isKnown of [true, false]) {
    const world = opened();
    const beside = leaveBeside(world, '1');
    world.occupy(beside.left, isKnown, true);
    expect(replacedAfter(world, beside)).toBe(2);
  }
});

test('nothing else is wanted there: one second, whether the thread reads or not', () => {
  for (const isReading of [true, false]) {
    const world = opened();
    const beside = leaveBeside(world, '1');
    world.finish(beside.wanted, 'complete', true);
    expect(replacedAfter(world, beside, isReading)).toBe(1);
  }
});

test('the thread reads its messages: never', () => {
  const world = opened();
  expect(replacedAfter(world, leaveBeside(world, '1'), true)).toBe(Number.POSITIVE_INFINITY);
});

test('it stops reading later: two seconds after that', () => {
  const world = opened();
  const beside = leaveBeside(world, '1');
  expect(replacedAfter(world, beside, true)).toBe(Number.POSITIVE_INFINITY);
  world.occupy(beside.left, false, true);
  world.clock.advance(1000);
  expect(world.doomed.has(beside.peer)).toBe(false);
  world.clock.advance(1000);
  world.clock.advance(1000);
  expect(world.doomed.has(beside.peer)).toBe(true);
});

test('what is wanted is known to occupy the thread: not before it has ended, and no second later', () => {
  const world = opened();
  const beside = leaveBeside(world, '1');
  world.occupy(beside.wanted, true, false);
  expect(replacedAfter(world, beside)).toBe(Number.POSITIVE_INFINITY);
  world.pause(beside.peer);
  world.occupy(beside.left, true, true);
  world.clock.advance(1000);
  expect(world.doomed.has(beside.peer)).toBe(false);
  world.clock.advance(1000);
  expect(world.doomed.has(beside.peer)).toBe(true);
});

test('who occupies the thread is not known: what is wanted starts again, with more and more time', () => {
  const world = opened();
  const seconds = ['1', '2', '3', '1', '2'].map((argument) => {
    const beside = leaveBeside(world, argument);
    world.occupy(beside.wanted, false, false);
    const after = replacedAfter(world, beside);
    world.die(beside.peer);
    return after;
  });
  expect(seconds).toEqual([2, 3, 5, 9, 17]);
});
