import { expect, test } from 'vitest';
import { ByCost } from '../../src/eviction/by-cost.ts';
import { Dense } from '../../src/eviction/dense.ts';
import type { EntryFacts } from '../../src/eviction/policy.ts';
import { alikeFacts, evictionSuite } from '../suites/eviction.ts';

const capacity = { max: Number.POSITIVE_INFINITY, maxSize: 10_000 };
const still = () => 0;

evictionSuite('ByCost', () => new ByCost(alikeFacts, capacity, still));
evictionSuite(
  'ByCost, of a few',
  () => new Dense(alikeFacts, (facts) => new ByCost(facts, { ...capacity, max: 20 }, still)),
);

/** A full cache of a hundred entries, whose facts are these where they are not alike. */
function full(facts: Partial<EntryFacts>, now = still): ByCost {
  const policy = new ByCost({ ...alikeFacts, ...facts }, capacity, now);
  for (let handle = 0; handle < 100; handle++) policy.add(handle);
  return policy;
}

/** The first so many that go. */
function evicted(policy: ByCost, count: number): number[] {
  return Array.from({ length: count }, () => {
    const victim = policy.victim(100) as number;
    policy.evict(victim);
    return victim;
  });
}

test('among entries that are alike, the first in is the first out', () => {
  expect(evicted(full({}), 3)).toEqual([0, 1, 2]);
});

test('what is dear to compute stays', () => {
  const policy = full({ cost: (handle) => (handle < 90 ? 100 : 1) });
  expect(evicted(policy, 3)).toEqual([90, 91, 92]);
});

test('what is small stays', () => {
  const policy = full({ bytes: (handle) => (handle < 50 ? 10 : 150) });
  expect(evicted(policy, 3)).toEqual([50, 51, 52]);
});

test('what was used stays', () => {
  const policy = full({});
  for (let uses = 0; uses < 8; uses++)
    for (let handle = 0; handle < 50; handle++) policy.touch(handle);
  expect(evicted(policy, 3)).toEqual([50, 51, 52]);
});

test('what is new is safe for a while, however cheap', () => {
  const policy = full({ cost: (handle) => (handle === 99 ? 0.001 : 1) });
  expect(policy.victim(0)).toBe(0);
  for (let handle = 100; handle < 110; handle++) policy.add(handle);
  expect(policy.victim(0)).toBe(99);
});

test('what is dear goes in the end, if nothing asks for it', () => {
  const dear = 0;
  const policy = full({ cost: (handle) => (handle === dear ? 8 : 1) });
  const victims = new Set<number>();
  for (let handle = 100; handle < 100_000 && !victims.has(dear); handle++) {
    victims.add(...(evicted(policy, 1) as [number]));
    policy.add(handle % 100 === dear ? 100 : handle % 100);
  }
  expect(victims.has(dear)).toBe(true);
});

test('a key that was evicted comes back with the uses that it had', () => {
  const policy = full({});
  for (let uses = 0; uses < 8; uses++) policy.touch(7);
  policy.evict(7);
  policy.add(7);
  for (let handle = 100; handle < 200; handle++) {
    policy.evict(policy.victim(100) as number);
    policy.add(handle);
  }
  // Everything else of the first hundred has gone.
  const left = evicted(policy, 100).filter((handle) => handle < 100);
  expect(left).toEqual([7]);
});

test('what expires soon goes before what will stay', () => {
  let now = 0;
  const msLeft = (handle: number) => (handle === 250 ? 1 : Number.POSITIVE_INFINITY);
  const policy = full({ msLeft }, () => now);
  const victims: number[] = [];
  for (let handle = 100; handle < 300; handle++) {
    // A minute and a half to fill the cache once: a millisecond is nothing.
    now += 1000;
    victims.push(...evicted(policy, 1));
    policy.add(handle);
  }
  expect(victims.filter((handle) => handle > 200)).toEqual([250]);
});

test('a large entry that is worth less than what would have to go is declined', () => {
  const policy = full({});
  const candidate = { bytes: 2000, msLeft: Number.POSITIVE_INFINITY, hash: () => 12_345 };
  expect(policy.declines({ ...candidate, cost: 0.1 })).toBe(true);
  expect(policy.declines({ ...candidate, cost: 1000 })).toBe(false);
  // Small ones are given their chance.
  expect(policy.declines({ ...candidate, bytes: 100, cost: 0 })).toBe(false);
});

test('a large entry that is asked for again and again is taken in', () => {
  const policy = full({});
  const candidate = { bytes: 2000, msLeft: Number.POSITIVE_INFINITY, hash: () => 12_345, cost: 5 };
  let refusals = 0;
  while (policy.declines(candidate)) refusals++;
  expect(refusals).toBeGreaterThan(1);
  expect(refusals).toBeLessThan(100);
});

test('it takes 16 bytes an entry, ghosts among them', () => {
  const entries = 2 ** 17;
  const before = process.memoryUsage().arrayBuffers;
  const policy = new ByCost(alikeFacts, capacity, still);
  // The highest first: arrays that it has grown out of are not counted until they are collected.
  for (let handle = entries - 1; handle >= 0; handle--) policy.add(handle);
  const bytes = process.memoryUsage().arrayBuffers - before;
  expect(policy.size).toBe(entries);
  expect(bytes / entries).toBeLessThan(16.5);
});
