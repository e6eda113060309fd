/** What every eviction policy has to do, whichever it is. */

import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { EvictionPolicy, Handle } from '../../src/eviction/policy.ts';

export function evictionSuite(name: string, make: () => EvictionPolicy<string>): void {
  test(`${name}: an empty policy has no victim`, () => {
    expect(make().victim()).toBeUndefined();
    expect(make().size).toBe(0);
  });

  test(`${name}: asking for the victim removes nothing`, () => {
    const policy = make();
    policy.add('a');
    policy.add('b');
    expect(policy.victim()).toBe(policy.victim());
    expect(policy.size).toBe(2);
  });

  test(`${name}: what was removed is never a victim, and everything else is one in the end`, () => {
    const steps = fc.array(fc.tuple(fc.constantFrom('add', 'touch', 'remove'), fc.nat(20)));
    fc.assert(
      fc.property(steps, (schedule) => {
        const policy = make();
        const held = play(policy, schedule);
        expect(policy.size).toBe(held.size);
        const victims = new Set(drain(policy, held));
        expect(victims).toEqual(new Set(held.keys()));
      }),
    );
  });
}

/** Which items are held after a schedule, with their handles. */
function play(policy: EvictionPolicy<string>, schedule: [string, number][]): Map<string, Handle> {
  const held = new Map<string, Handle>();
  for (const [step, n] of schedule) {
    const item = `item ${n}`;
    const handle = held.get(item);
    if (step === 'add' && !handle) held.set(item, policy.add(item));
    if (step === 'touch' && handle) policy.touch(handle);
    if (step === 'remove' && handle) {
      policy.remove(handle);
      held.delete(item);
    }
  }
  return held;
}

function* drain(policy: EvictionPolicy<string>, held: Map<string, Handle>): Iterable<string> {
  for (let victim = policy.victim(); victim !== undefined; victim = policy.victim()) {
    const handle = held.get(victim);
    expect(handle, `${victim} is not held`).toBeDefined();
    policy.remove(handle as Handle);
    yield victim;
  }
}
