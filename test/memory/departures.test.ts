/** What went is forgotten, or told of another key. */

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Departures } from '../../src/coordinator/departures.ts';

const FN = 3;

function departures(): Departures {
  let now = 0;
  return new Departures(() => now++, true);
}

test('keys whose hashes begin alike are known beside each other', () => {
  const all = departures();
  const hashes = [5, 5 + 2 ** 16, 5 + 2 ** 20, 2 ** 31 + 5];
  for (const hash of hashes) all.came(FN, hash, 1);
  all.left(FN, 5, 'invalidated', 1);
  expect(hashes.map((hash) => all.of(FN, hash)?.at)).toEqual([4, 1, 2, 3]);
  expect(all.of(FN, 5)?.reason).toBe('invalidated');
  expect(all.of(FN + 1, 5)).toBeUndefined();
  expect(all.isComplete).toBe(true);
});

test('of more, the oldest gives way, and it is known that something is not', () => {
  const all = departures();
  const hashes = Array.from({ length: 6 }, (_, nth) => 5 + nth * 2 ** 24);
  for (const hash of hashes) all.came(FN, hash, 1);
  expect(hashes.map((hash) => all.of(FN, hash)?.at)).toEqual([undefined, undefined, 2, 3, 4, 5]);
  expect(all.isComplete).toBe(false);
});

test('a table that grows loses nothing', () => {
  const hashes = fc.uniqueArray(fc.integer({ min: 0, max: 2 ** 32 - 1 }), {
    minLength: 3000,
    maxLength: 6000,
  });
  const property = fc.property(hashes, (its) => {
    const all = departures();
    for (const hash of its) {
      all.came(FN, hash, 1);
      // Five in one set of the largest table: one in some twenty runs.
      if (!all.isComplete) return;
    }
    expect(its.map((hash) => all.of(FN, hash)?.at)).toEqual(its.map((_, nth) => nth));
  });
  fc.assert(property, { numRuns: 20 });
});
