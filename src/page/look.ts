/** One look at a pool: all that the page shows, as plain data. Has keys only if they are to be shown. */

import type { UnderwayFlight } from '../coordinator/inspect.ts';
import type { MemoPool } from '../pool/pool.ts';
import type { PoolView } from '../pool/pool-view.ts';
import type { FunctionStats } from '../protocol.ts';
import type { FunctionReport } from '../report/pool-report.ts';
import { pageFindings } from './findings.ts';
import type { Latencies } from './latencies.ts';
import {
  MOST_FLIGHTS,
  type PageFlight,
  type PageFunction,
  type PageSnapshot,
  type ThreadSample,
} from './snapshot.ts';

export interface Seeing {
  readonly pool: MemoPool;
  readonly view: PoolView;
  readonly showKeys: boolean;
  readonly page: string;
  readonly latencies: Latencies;
}

export function lookAt(
  { pool, view, showKeys, page, latencies }: Seeing,
  at: number,
  samples: readonly ThreadSample[],
): PageSnapshot {
  const stats = pool.stats();
  const report = pool.report();
  const health = pool.health();
  const { state, threads } = health;
  const flights = view.underway(MOST_FLIGHTS);
  return {
    at,
    page,
    ms: report.ms,
    state,
    findings: pageFindings(stats, health, report),
    functions: report.functions.map((each) =>
      functionOf(each, stats.functions[each.id] as FunctionStats),
    ),
    flights: flights.map((flight) => flightOf(flight, showKeys)),
    queued: stats.queued,
    threads: { ...threads, lost: stats.threadsLost, samples },
    memory: { used: stats.memory.used, most: pool.options.maxSize },
    tiers: Object.entries(health.tiers).map(([name, { up }]) => {
      const { hits = 0, misses = 0, writes = 0, failures = 0, owed = 0 } = stats.tiers[name] ?? {};
      return { name, up, hits, misses, writes, failures, owed, latency: latencies.of(name) };
    }),
  };
}

function functionOf(report: FunctionReport, stats: FunctionStats): PageFunction {
  const { id, calls, computeMs } = report;
  const { hitsIn, waits, computations, errors, entries, bytes, evictions } = stats;
  return {
    ...{ id, calls, ...hitsIn, waits, computations, errors },
    p50: rounded(computeMs?.p50),
    p95: rounded(computeMs?.p95),
    spent: Math.round(stats.computeMsSpent),
    saved: Math.round(stats.computeMsSaved),
    ...{ entries, bytes, evictions },
  };
}

function flightOf(
  { functionId, key, state, ageMs, threadId, waiters, waitsFor }: UnderwayFlight,
  showKeys: boolean,
): PageFlight {
  return {
    functionId,
    ...(showKeys && { key }),
    state,
    ageMs: Math.round(ageMs),
    threadId: threadId ?? null,
    waiters,
    waitsFor,
  };
}

/** To microseconds: shorter to send. */
function rounded(ms: number | undefined): number | null {
  return ms === undefined ? null : Math.round(ms * 1000) / 1000;
}
