/** What a thread has begun by itself is applied before what it has sent earlier: schedules that matter, forced. */

import { expect, test } from 'vitest';
import { BegunWords, NONE, nextOfThread, ownerOf } from '../../src/arena/begun-words.ts';
import { BegunKeys } from '../../src/coordinator/begun.ts';
import { readAhead, receive } from '../../src/pool/receive.ts';
import type { ToCoordinator } from '../../src/protocol.ts';
import { type FakePeer, World } from './world.ts';

const SLOT = 0;

/** A thread that may begin keys of `g`, and what it says. */
function thread() {
  const begun = new BegunKeys();
  const world = new World({ withTier: false, begun });
  const [peer] = world.peers as [FakePeer];
  const words = new BegunWords(begun.share);
  const unread: ToCoordinator[] = [];
  begun.listen(() => readAhead(world.coordinator, peer, unread));
  const claim = (call: number, key: string) => {
    const its = { type: 'claim', call, fn: 'g', key, parent: undefined } as const;
    return { ...its, refresh: false, mode: 'lead' } as const;
  };
  const { number } = world.fn('g');
  receive(world.coordinator, peer, claim(1, 'first'));
  const [lease] = peer.inbox.flatMap((it) =>
    'type' in it && it.type === 'numbers' ? [it.first] : [],
  );
  if (lease === undefined) throw new Error('it was given no numbers');
  return {
    world,
    /** It says that it begins the key; whether it was in time. */
    begins(call: number, key: string, isInTime: boolean): void {
      const at = words.at(number, key);
      const before = words.load(at);
      const word = nextOfThread(before, SLOT);
      unread.push({ ...claim(call, key), begun: { lease, word } });
      if (isInTime) expect(words.exchange(at, before, word)).toBe(true);
    },
    readAll(): void {
      for (let next = unread.shift(); next; next = unread.shift())
        receive(world.coordinator, peer, next);
    },
    mayBegin: (key: string) => ownerOf(words.load(words.at(number, key))) === NONE,
    told: (call: number) =>
      peer.inbox.flatMap((it) => ('call' in it && it.call === call ? [it.type] : [])),
  };
}

test('a claim that came too late is answered, whatever was begun after it under the same lease', () => {
  const { world, begins, readAll, told } = thread();
  begins(2, 'late', false);
  begins(3, 'begun', true);
  world.callLocally('g', 'begun', false);
  readAll();
  expect(told(2)).toEqual(['lease']);
  // The thread computes it already.
  expect(told(3)).toEqual([]);
  expect(world.coordinator.inspect([]).flights.map(({ waiters }) => waiters)).toEqual([1, 2, 1]);
});

test('what was begun is applied once, by whichever comes first', () => {
  const { world, begins, readAll, told } = thread();
  begins(2, 'begun', true);
  world.callLocally('g', 'begun', false);
  world.callLocally('g', 'begun', false);
  readAll();
  expect(told(2)).toEqual([]);
  expect(world.coordinator.inspect([]).flights.map(({ waiters }) => waiters)).toEqual([1, 3]);
});

test('when all is cleared, threads may begin again what is being computed', () => {
  const { world, mayBegin } = thread();
  expect(mayBegin('first')).toBe(false);
  world.clear('g');
  expect(mayBegin('first')).toBe(true);
});
