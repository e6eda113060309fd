/** The tiers of a pool, as its coordinator uses them: limited in time, named, counted, and as one. */

import { definitions } from '../call/registry.ts';
import type { Clock } from '../clock.ts';
import type { FunctionRecord } from '../coordinator/function-record.ts';
import type { FunctionInfo } from '../protocol.ts';
import { faultyTier } from '../testing/faulty-tier.ts';
import type { Warnings } from '../text/warnings.ts';
import { TierChain } from '../tiers/chain.ts';
import { limitedTier } from '../tiers/limited-tier.ts';
import { tracedTier } from '../tiers/traced-tier.ts';
import { versioned } from '../tiers/versioned-tier.ts';
import type { ResolvedPoolOptions } from './pool-options.ts';

/** @param called the functions that were called */
export function openTiers(
  options: Pick<ResolvedPoolOptions, 'tiers' | 'tierTimeout' | 'namespace' | 'faults'>,
  called: (functionId: string) => FunctionRecord | undefined,
  clock: Clock,
  warnings: Warnings,
): TierChain {
  const { tiers, tierTimeout: timeout, namespace, faults } = options;
  const limited = tiers.map((tier, nth) =>
    limitedTier(tracedTier(faults ? faultyTier(tier, faults, nth) : tier), {
      clock,
      timeout,
      warnings,
    }),
  );
  const infoOf = (id: string) => called(id)?.info;
  const named = versioned(limited, { infoOf, known: defined, namespace, warnings });
  const msOf = (id: string) => called(id)?.averageMs ?? Number.POSITIVE_INFINITY;
  return new TierChain(named, { clock, warnings, msOf });
}

/** What this thread has defined, called or not. */
function* defined(): Iterable<FunctionInfo> {
  for (const { info } of definitions()) yield info;
}
