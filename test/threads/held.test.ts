/** Something made of a cached value is served only as long as the value itself would be. */

import { expect, test, vi } from 'vitest';
import { Call } from '../../build/src/call/call.js';
import { definitionOf } from '../../build/src/call/registry.js';
import { installedSide } from '../../build/src/call/side.js';
import { increment } from '../fixtures/quick.ts';
import { openForAll } from './open.ts';

// The copy whose parts are at hand; the pool's threads load both.
vi.mock('threadmemo', () => import('../../build/src/index.js'));

const pool = openForAll({ threads: 1 });

function hold(n: number) {
  const definition = definitionOf(increment.id);
  if (!definition) throw new Error('it is not known');
  const side = installedSide();
  return side?.kind === 'coordinator' ? side.hold(new Call(definition, [n])) : undefined;
}

test('there is nothing to hold before the value, and a use is a hit with what it saves', async () => {
  expect(hold(1)).toBeUndefined();
  await increment(1);
  const held = hold(1);
  const before = increment.stats();
  expect([held?.use(), held?.use()]).toEqual([true, true]);
  const { hits, computeMsSaved } = increment.stats();
  expect(hits).toBe(before.hits + 2);
  expect(computeMsSaved - before.computeMsSaved).toBeCloseTo(2 * (held?.ms ?? 0), 2);
});

test('it is over when the entry is invalidated, its function cleared, or its value computed anew', async () => {
  await increment(2);
  const invalidated = hold(2);
  await increment.invalidate(2);
  expect(invalidated?.use()).toBe(false);

  await increment(3);
  const cleared = hold(3);
  await increment.clear();
  expect(cleared?.use()).toBe(false);

  await increment(4);
  const older = hold(4);
  await increment.with({ forceRefresh: true })(4);
  expect(older?.use()).toBe(false);
  expect(hold(4)?.use()).toBe(true);
});

test('it is over when the pool is closed', async () => {
  await increment(5);
  const held = hold(5);
  await pool().close();
  expect(held?.use()).toBe(false);
});
