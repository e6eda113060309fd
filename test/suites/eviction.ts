/** What every eviction policy has to do, whichever it is. */

import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { EntryFacts, EvictionPolicy } from '../../src/eviction/policy.ts';

/** Of entries that are all alike. */
export const alikeFacts: EntryFacts = {
  bytes: () => 100,
  cost: () => 1,
  hash: (handle) => Math.imul(handle, 0x9e3779b1) >>> 0,
  msLeft: () => Number.POSITIVE_INFINITY,
};

export function evictionSuite(name: string, make: () => EvictionPolicy): void {
  test(`${name}: an empty policy has no victim`, () => {
    expect(make().victim(100)).toBeUndefined();
    expect(make().size).toBe(0);
  });

  test(`${name}: asking for the victim removes nothing`, () => {
    const policy = make();
    policy.add(0);
    policy.add(7);
    expect(policy.victim(100)).toBe(policy.victim(100));
    expect(policy.size).toBe(2);
  });

  test(`${name}: what was removed is never a victim, and everything else is one in the end`, () => {
    // Handles far apart, too.
    const handle = fc.oneof(fc.nat(20), fc.constantFrom(1023, 1024, 5000, 100_000));
    const steps = fc.array(fc.tuple(fc.constantFrom('add', 'touch', 'remove', 'evict'), handle));
    fc.assert(
      fc.property(steps, (schedule) => {
        const policy = make();
        const held = play(policy, schedule);
        expect(policy.size).toBe(held.size);
        expect(new Set(drain(policy, held))).toEqual(held);
      }),
    );
  });
}

/** Which handles are held after a schedule. */
function play(policy: EvictionPolicy, schedule: [string, number][]): Set<number> {
  const held = new Set<number>();
  for (const [step, handle] of schedule) {
    const isHeld = held.has(handle);
    if (step === 'add' && !isHeld) policy.add(handle);
    if (step === 'add') held.add(handle);
    if (step === 'touch' && isHeld) policy.touch(handle);
    if (step === 'remove' && held.delete(handle)) policy.remove(handle);
    if (step === 'evict' && held.delete(handle)) policy.evict(handle);
  }
  return held;
}

function* drain(policy: EvictionPolicy, held: Set<number>): Iterable<number> {
  for (let victim = policy.victim(100); victim !== undefined; victim = policy.victim(100)) {
    expect(held.has(victim), `${victim} is not held`).toBe(true);
    policy.remove(victim);
    yield victim;
  }
}
