import type { TierRecord } from '../../../src/tiers/tier.ts';

export const fn: string;
export function keyOf(n: number): string;
export function numbered(n: number): TierRecord;
export function compare(
  tier: { get(functionId: string, key: string): Promise<TierRecord | undefined> },
  numbers: readonly number[],
): Promise<{ missing: number[]; wrong: number[] }>;
