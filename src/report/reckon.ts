/**
 * What one memo gains: the computing that hits and waits did without, less what keys, look-ups, copies,
 * messages and storing take. All by measures of this process, see `read/sampling.ts`.
 */

import type { FunctionRecord } from '../coordinator/function-record.ts';
import type { FunctionStats } from '../protocol.ts';
import type { FunctionReport, MemoCost, Quantiles } from './pool-report.ts';

/** What is known of a function. */
export interface FunctionFacts {
  readonly fn: FunctionRecord;
  readonly stats: FunctionStats;
  /** Milliseconds that one message costs. */
  readonly messageMs: number;
  /** Milliseconds that all threads together have had. */
  readonly threadMs: number;
}

export function reckon(facts: FunctionFacts): FunctionReport {
  const { fn, stats } = facts;
  const { durations, misses, info } = fn;
  const calls = stats.hits + stats.misses + stats.waits;
  const memo = memoOf(facts);
  const mean = durations.count > 0 ? stats.computeMsSpent / durations.count : undefined;
  return {
    id: info.id,
    calls,
    hits: stats.hits,
    misses: stats.misses,
    waits: stats.waits,
    computations: stats.computations,
    callsPerComputation: stats.computations > 0 ? calls / stats.computations : 0,
    computeMsSpent: stats.computeMsSpent,
    computeMsAwaited: stats.computeMsAwaited,
    computeMsSaved: stats.computeMsSaved,
    computeMs: quantilesOf(fn),
    memo,
    gainMs: stats.computeMsSaved - (memo?.ms ?? 0),
    breakEvenCalls: memo && mean !== undefined ? breakEven(mean, memo) : undefined,
    entries: stats.entries,
    bytes: stats.bytes,
    missedBecause: misses.counts(),
  };
}

function quantilesOf({ durations }: FunctionRecord): Quantiles | undefined {
  const p50 = durations.quantile(0.5);
  const p95 = durations.quantile(0.95);
  return p50 === undefined || p95 === undefined ? undefined : { p50, p95 };
}

/** Where no value of it was ever kept, a hit is not known, and there was none. */
function memoOf({ fn, stats, messageMs, threadMs }: FunctionFacts): MemoCost | undefined {
  const { costs } = fn;
  if (costs.samples === 0) return undefined;
  const { keyMs, copyMs, needsKey } = costs;
  const { hits, hitsIn, misses, waits } = stats;
  const asking = keyMs + copyMs + costs.messages * messageMs;
  const hitMs = (costs.hitMs ?? 0) + (needsKey ? keyMs : 0);
  const missMs = asking + costs.encodeMs + costs.storeMs;
  // What the coordinator or a tier has answered was asked for like a miss.
  const asked = hitsIn.memory + hitsIn.tiers + waits;
  const ms = (hits - hitsIn.memory - hitsIn.tiers) * hitMs + asked * asking + misses * missMs;
  // A step may have been measured while another process had the processor.
  return { ms: Math.min(ms, threadMs), hitMs, missMs, keyMs };
}

/** Without the memo n calls take n × computing; with it computing + a miss + (n - 1) hits. */
function breakEven(computing: number, { hitMs, missMs }: MemoCost): number {
  return computing > hitMs ? 1 + missMs / (computing - hitMs) : Number.POSITIVE_INFINITY;
}
