import fc from 'fast-check';
import { expect, test } from 'vitest';
import { LeastRecentlyUsed } from '../../src/eviction/lru.ts';
import { LeastRecentlyUsedOfFew } from '../../src/eviction/lru-of-few.ts';
import { evictionSuite } from '../suites/eviction.ts';

const both = [LeastRecentlyUsed, LeastRecentlyUsedOfFew];

for (const Policy of both) evictionSuite(Policy.name, () => new Policy());

test.each(both)('%o: the victim is the entry whose last use is longest ago', (Policy) => {
  const uses = fc.array(fc.nat(12), { minLength: 1 });
  fc.assert(
    fc.property(uses, (handles) => {
      const policy = new Policy();
      const order = new Set<number>();
      for (const handle of handles) {
        if (order.delete(handle)) policy.touch(handle);
        else policy.add(handle);
        order.add(handle);
      }
      for (const oldest of order) {
        expect(policy.victim()).toBe(oldest);
        policy.remove(oldest);
      }
    }),
  );
});
