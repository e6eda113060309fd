/** What is urgent waits behind what is not, because another call has asked for it first. */

import { expect, test } from 'vitest';
import type { Priority } from '../../src/protocol.ts';
import { type FakePeer, SHORT_MS, World } from './world.ts';

let world: World;
let first: FakePeer;
let second: FakePeer;

/** Both threads are busy; the first, which takes no tasks, with `f(1)`, which has the priority. */
function bothBusy(priority?: Priority): void {
  world = new World({ withTier: false });
  [first, second] = world.peers as [FakePeer, FakePeer];
  Object.defineProperty(first, 'hasRoom', { value: false });
  world.claim(first, 'lead', 'f', '1', 0, false, priority);
  world.read(first);
  world.claim(first, 'lead', 'f', '8', 1, false);
  world.read(first);
  world.claim(second, 'lead', 'g', '9', 0, false);
  world.read(second);
}

/** What the second thread is given, one after the other. */
async function givenNext(count: number): Promise<string[]> {
  const given: string[] = [];
  while (given.length < count) {
    for (const running of [...world.running.values()])
      if (running.peer === second) world.finish(running, 'complete', true, SHORT_MS);
    for (let turns = 0; turns < 5; turns++) await undefined;
    given.push(second.handed[0]?.flight.fullKey ?? 'nothing');
    world.start(second);
  }
  return given;
}

test('a call is begun before those of a lower priority', async () => {
  bothBusy();
  world.callLocally('g', '1', false, 'low');
  world.callLocally('g', '2', false);
  world.callLocally('g', '3', false, 'high');
  expect(await givenNext(3)).toEqual(['g(3)', 'g(2)', 'g(1)']);
});

test('a call raises what another has asked for', async () => {
  bothBusy();
  world.callLocally('g', '1', false, 'low');
  world.callLocally('g', '2', false);
  world.callLocally('g', '1', false, 'high');
  expect(await givenNext(2)).toEqual(['g(1)', 'g(2)']);
});

test('a call raises what the computation that it joins waits for', async () => {
  bothBusy('low');
  world.callLocally('g', '2', false);
  world.claim(first, 'wait', 'g', '1', 0, false);
  world.callLocally('f', '1', false, 'high');
  expect(await givenNext(2)).toEqual(['g(1)', 'g(2)']);
});

test('a nested call has the priority of what makes it, unless its own is higher', async () => {
  bothBusy('low');
  world.claim(first, 'wait', 'g', '1', 0, false);
  world.claim(first, 'wait', 'g', '3', 0, false, 'high');
  world.callLocally('g', '2', false);
  expect(await givenNext(3)).toEqual(['g(3)', 'g(2)', 'g(1)']);
});

test('a nested call is as urgent as what makes it, whatever it says', async () => {
  bothBusy('high');
  world.callLocally('g', '2', false);
  world.claim(first, 'wait', 'g', '1', 0, false, 'low');
  expect(await givenNext(2)).toEqual(['g(1)', 'g(2)']);
});

test('a call that is started again raises the flight of its key that there is by then', async () => {
  bothBusy();
  world.callLocally('g', '1', false, 'high');
  for (const running of [...world.running.values()])
    if (running.peer === second) world.finish(running, 'complete', true, SHORT_MS);
  for (let turns = 0; turns < 5; turns++) await undefined;
  expect(second.handed[0]?.flight.fullKey).toBe('g(1)');
  world.start(second);
  world.invalidate('g', '1');
  world.callLocally('g', '1', false, 'low');
  // The next thread is there, and takes the first of these, before the death is handled.
  for (const argument of ['2', '3']) world.callLocally('g', argument, false);
  world.die(second);
  [, second] = world.peers as [FakePeer, FakePeer];
  expect(await givenNext(3)).toEqual(['g(2)', 'g(1)', 'g(3)']);
});
