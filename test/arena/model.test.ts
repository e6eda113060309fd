/** The allocator hands out memory that is in use, or loses some; entries get lost when they move. */

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { cases, variants } from '../effort.ts';
import { random } from './entries.ts';
import { ArenaModel } from './model.ts';

const fn = fc.integer({ min: 0, max: 2 });
const key = fc.oneof(
  { weight: 8, arbitrary: fc.integer({ min: 0, max: 60 }).map((n) => `k${n}`) },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 90 }) },
);
const length = fc.oneof(fc.integer({ min: 0, max: 64 }), fc.integer({ min: 0, max: 3000 }));
const expiresAt = fc.oneof(fc.constant(Number.POSITIVE_INFINITY), fc.integer({ min: 0, max: 9 }));
const pick = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

const tags = fc.option(fc.nat({ max: 3 }), { nil: undefined });

const event = fc.oneof(
  { weight: 12, arbitrary: fc.record({ set: fn, key, length, expiresAt, pick, tags }) },
  { weight: 3, arbitrary: fc.record({ remove: fn, key }) },
  { weight: 2, arbitrary: fc.record({ evict: pick }) },
  { weight: 1, arbitrary: fc.record({ clear: fn }) },
  { weight: 1, arbitrary: fc.constant({ clean: true as const }) },
);

test('any order of events leaves the arena as a Map would be', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(3000, 4096, 9000, 16_384, 65_536, 200_000),
      fc.nat(),
      fc.array(event, { minLength: 1, maxLength: 250, size: 'max' }),
      (maxSize, seed, events) => {
        const model = new ArenaModel(maxSize, seed);
        for (const at of events) {
          if ('set' in at)
            model.set(at.set, at.key, at.length, at.expiresAt, () => at.pick, at.tags);
          else if ('remove' in at) model.remove(at.remove, at.key);
          else if ('evict' in at) model.evict(at.evict);
          else if ('clear' in at) model.clear(at.clear);
          else model.clean();
          model.audit();
        }
      },
    ),
    { numRuns: cases(70) },
  );
});

test.each(variants([1, 2, 3], 1))('many entries of sizes that change, run %d', (seed) => {
  const next = random(seed);
  const model = new ArenaModel(2 ** (17 + seed), seed);
  for (let i = 0; i < cases(20_000); i++) {
    const largest = i % 20_000 < 10_000 ? 60 : 2000;
    const at = Math.floor(next() * 5000);
    const choice = next();
    if (choice < 0.9)
      model.set(at % 3, `key ${at}`, Math.floor(next() * largest), 1, next, at % 4 || undefined);
    else if (choice < 0.9999) model.remove(at % 3, `key ${at}`);
    else model.clear(at % 3);
    if (i % 2000 === 0) model.audit();
  }
  model.audit();
});

test('when everything is removed, there is room for as much as at first', () => {
  const model = new ArenaModel(2 ** 19, 1);
  const fill = (length: number): number => {
    let count = 0;
    for (; ; count++) {
      const { size } = model;
      model.set(0, `${length} ${count}`, length, 1, () => 0);
      if (model.size <= size) break;
    }
    while (model.evict(0));
    model.clean();
    model.audit();
    return count;
  };
  const first = [20, 200, 2000].map(fill);
  for (let round = 0; round < 5; round++) {
    for (const [i, length] of [20, 200, 2000].entries()) {
      // The table of handles stays as large as it ever was.
      expect(fill(length)).toBeGreaterThan((first[i] as number) * 0.93);
    }
  }
  expect(model.writer.entries.size).toBe(0);
  expect(model.writer.usage()).toMatchObject({ entries: 0, keys: 0, values: 0 });
});
