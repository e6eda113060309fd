import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Dense } from '../../src/eviction/dense.ts';
import { LeastRecentlyUsed } from '../../src/eviction/lru.ts';
import { alikeFacts, evictionSuite } from '../suites/eviction.ts';

const both = {
  LeastRecentlyUsed: () => new LeastRecentlyUsed(),
  'LeastRecentlyUsed, of a few': () => new Dense(alikeFacts, () => new LeastRecentlyUsed()),
};

for (const [name, make] of Object.entries(both)) evictionSuite(name, make);

test.each(Object.entries(both))(
  '%s: the victim is the entry whose last use is longest ago',
  (_, make) => {
    const uses = fc.array(fc.nat(12), { minLength: 1 });
    fc.assert(
      fc.property(uses, (handles) => {
        const policy = make();
        const order = new Set<number>();
        for (const handle of handles) {
          if (order.delete(handle)) policy.touch(handle);
          else policy.add(handle);
          order.add(handle);
        }
        for (const oldest of order) {
          expect(policy.victim(1)).toBe(oldest);
          policy.evict(oldest);
        }
      }),
    );
  },
);
