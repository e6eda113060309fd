/** Values that were computed at one moment all end at another; or a value's end differs between tiers. */

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { cases } from '../effort.ts';
import { OneProcess } from './one-process.ts';

const share = fc.double({ min: 0, max: 1, noNaN: true });
const chance = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

test('a ttl is shortened by a random share of at most that much, the same in memory and tiers', async () => {
  const property = fc.asyncProperty(share, chance, async (jitter, drawn) => {
    const process = new OneProcess();
    const { clock, coordinator } = process;
    const fn = process.fn('m.js#f', { jitter });
    process.chance = drawn;
    await process.compute(fn, '1', 7, 1000);
    const lives = (process.record(fn, '1')?.expiresAt ?? 0) - clock.date();
    expect(lives).toBeCloseTo(1000 * (1 - jitter * drawn), 0);
    process.chance = 1 - drawn;
    clock.advance(lives * 0.999);
    expect(coordinator.peek(fn, '1')?.value).toBe(7);
    clock.advance(lives * 0.002 + 1);
    expect(coordinator.peek(fn, '1')).toBeUndefined();
  });
  await fc.assert(property, { numRuns: cases(200) });
});

test('without it, and without an end, nothing is shortened', async () => {
  const process = new OneProcess();
  process.chance = 0.99;
  const [exact, endless] = [process.fn('m.js#f'), process.fn('m.js#g', { jitter: 1 })];
  await process.compute(exact, '1', 7, 1000);
  await process.compute(endless, '1', 7, Number.POSITIVE_INFINITY);
  expect(process.record(exact, '1')?.expiresAt).toBe(process.clock.date() + 1000);
  expect(process.record(endless, '1')?.expiresAt).toBe(Number.POSITIVE_INFINITY);
});
