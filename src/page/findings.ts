/** What a person should know first: outages, errors, lost threads, and then what the report has found. */

import type { Health } from '../pool/health.ts';
import type { PoolStats } from '../pool/pool-stats.ts';
import type { PoolReport } from '../report/pool-report.ts';
import { printable } from '../text/printable.ts';
import type { PageFinding } from './snapshot.ts';

/** Functions whose errors are named one by one; there may be hundreds while a database is away. */
const MOST_FAILING = 5;

export function pageFindings(
  stats: Pick<PoolStats, 'functions' | 'tiers' | 'threadsLost' | 'uncaught'>,
  { tiers }: Pick<Health, 'tiers'>,
  report: Pick<PoolReport, 'findings'>,
): PageFinding[] {
  const { threadsLost, uncaught } = stats;
  const found: PageFinding[] = [];
  for (const [name, { up }] of Object.entries(tiers)) {
    const tier = `The tier ${printable(name)}`;
    const away = `${tier} does not answer, and is left out: what it has is computed again.`;
    if (!up) found.push({ kind: 'outage', text: away });
    const failures = stats.tiers[name]?.failures ?? 0;
    if (failures > 0)
      found.push({ kind: 'errors', text: `${tier} has failed in ${count(failures)} operations.` });
  }
  const failing = Object.entries(stats.functions)
    .filter(([, { errors }]) => errors > 0)
    .sort(([, a], [, b]) => b.errors - a.errors);
  for (const [id, { errors, computations }] of failing.slice(0, MOST_FAILING))
    found.push({
      kind: 'errors',
      text: `${count(errors)} of ${count(computations)} computations of ${nameOf(id)} have failed.`,
    });
  if (failing.length > MOST_FAILING)
    found.push({
      kind: 'errors',
      text: `Computations of ${count(failing.length - MOST_FAILING)} more functions have failed.`,
    });
  if (threadsLost > 0) {
    const untold =
      uncaught > 0 ? `, ${count(uncaught)} of them of errors that no call was told` : '';
    found.push({ kind: 'threads', text: `${lostThreads(threadsLost)}${untold}.` });
  }
  for (const { text } of report.findings) found.push({ kind: 'loses', text });
  return found;
}

function lostThreads(lost: number): string {
  return lost === 1
    ? '1 thread has died or was replaced'
    : `${count(lost)} threads have died or were replaced`;
}

function nameOf(id: string): string {
  return printable(id.slice(id.lastIndexOf('#') + 1));
}

function count(value: number): string {
  return value.toLocaleString('en');
}
