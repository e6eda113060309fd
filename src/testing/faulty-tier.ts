/**
 * A tier with faults by a plan: late, forgetful, and with records that are none. What it was to forget it
 * refuses, rather than keep it and say nothing: a tier that lies about that is not to be used.
 */

import { setTimeout } from '../runtime/globals.ts';
import { decorate, type Wraps } from '../tiers/decorate.ts';
import type { LeaseAnswer, Tier, TierRecord } from '../tiers/tier.ts';
import { countFault, type Fault, type FaultPlan } from './fault-plan.ts';
import { randomOf } from './random.ts';

/** A codec that there is not. */
const NO_CODEC = 255 as TierRecord['value']['codec'];

/** @param nth of the pool's tiers: each draws for itself */
export function faultyTier(tier: Tier, plan: FaultPlan, nth: number): Tier {
  const random = randomOf(plan.seed + 7919 * (nth + 1));
  const { delay, lose, damage } = plan.tiers;
  const has = (share: number, fault: Fault): boolean => {
    if (random() >= share) return false;
    countFault(plan, fault);
    return true;
  };
  const late = async (): Promise<void> => {
    const ms = random() * plan.longest;
    if (has(delay, 'tierDelayed')) await new Promise((resolve) => setTimeout(resolve, ms));
  };
  const refused = (what: string) =>
    new Error(`${what}() of the tier '${tier.name}' fails by faults({ seed: ${plan.seed} })`);
  const damaged = <T extends TierRecord | undefined | 'later'>(record: T): T =>
    typeof record === 'object' && has(damage, 'tierDamaged')
      ? { ...record, value: { codec: NO_CODEC, bytes: Uint8Array.of(1, 2, 3) } }
      : record;
  const failing =
    <Args extends unknown[], T>(what: string) =>
    (inner: (...args: Args) => Promise<T>) =>
    async (...args: Args): Promise<T> => {
      await late();
      if (has(lose, 'tierLost')) throw refused(what);
      return inner(...args);
    };
  const wraps: Wraps = {
    get:
      (get) =>
      async (...what) => {
        await late();
        return has(lose, 'tierLost') ? undefined : damaged(await get(...what));
      },
    getNow:
      (getNow) =>
      (...what) =>
        has(lose, 'tierLost') ? undefined : damaged(getNow(...what)),
    set:
      (set) =>
      async (...what) => {
        await late();
        if (!has(lose, 'tierLost')) await set(...what);
      },
    delete: failing('delete'),
    clear: failing('clear'),
    clearPrefix: failing('clearPrefix'),
    lease: failing<[string, string, boolean?], LeaseAnswer>('lease'),
  };
  // What threads read by themselves has no faults.
  return decorate(tier, wraps, { reading: undefined });
}
