/** A thread that never returns to its event loop is served what was invalidated, cleared or has expired. */

import { expect, test } from 'vitest';
import { edition, readsAcross, readsLater } from '../fixtures/blocking.ts';
import { count, fresh, reaches } from '../fixtures/counters-and-gates.ts';
import { openForAll } from './open.ts';

openForAll({ threads: 1 });

test.each([
  ['invalidated', (gate: string) => edition.invalidate(gate)],
  ['cleared', () => edition.clear()],
])('what was %s is not read from a near cache', async (_, forget) => {
  const gate = fresh('near');
  const { near } = edition.stats().hitsIn;
  const reading = readsAcross(gate);
  await reaches(`${gate}:read`, 1);
  expect(edition.stats().hitsIn.near).toBeGreaterThan(near);
  await forget(gate);
  count(`${gate}:forgotten`);
  expect(await reading).toEqual([1, 1, 1, 1, 2]);
});

test('nor is what has expired', async () => {
  expect(await readsLater(fresh('near'))).toBe(1);
});
