import { expect, test } from 'vitest';
import { LeastRecentlyUsed } from '../../src/eviction/lru.ts';
import { evictionSuite } from '../suites/eviction.ts';

evictionSuite('least recently used', () => new LeastRecentlyUsed());

test('the victim is the item whose last use is longest ago', () => {
  const policy = new LeastRecentlyUsed<string>();
  const [a, b] = ['a', 'b', 'c'].map((item) => policy.add(item));
  policy.touch(a as object);
  expect(policy.victim()).toBe('b');
  policy.remove(b as object);
  expect(policy.victim()).toBe('c');
});
