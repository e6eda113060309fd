/** What is printed: a column for each phase, and what was wrong. */

import Table from 'cli-table3';
import { count, decimal, paint } from '../wording.ts';
import type { Phase, Watched } from './load.ts';

type Phases = Readonly<Record<string, Phase>>;

const rows: Record<string, (phase: Phase) => string> = {
  requests: ({ requests }) => count(requests),
  'requests a second': ({ perSecond }) => count(perSecond),
  'median latency (ms)': ({ median }) => decimal(median),
  '99 % within (ms)': ({ slowest }) => decimal(slowest),
  'failed or refused': ({ failed }) => count(failed),
  'runs of the handler, in all': ({ numbers }) => count(numbers.runs),
  'renderings in worker threads, in all': ({ numbers }) => count(numbers.renderings),
  'rows read on the main thread, in all': ({ numbers }) => count(numbers.rows),
};

export function printTable(phases: Phases): void {
  const names = Object.keys(phases);
  const table = new Table({
    head: ['', ...names].map((name) => paint('bold', name)),
    colAligns: ['left', ...names.map(() => 'right' as const)],
    style: { head: [], border: [], compact: true },
  });
  const line = (of: (phase: Phase) => string) => Object.values(phases).map(of);
  table.push(...Object.entries(rows).map(([name, of]) => [name, ...line(of)]));
  console.log(`\n${table}\n`);
}

/** @param expected renderings in all, by the end of each phase */
export function faultsIn(
  phases: Phases,
  expected: readonly number[],
  code: number | null,
): string[] {
  const faults = Object.entries(phases).flatMap(([name, { failed, numbers }], at) => [
    ...(failed > 0 ? [`${name}: ${failed} requests failed`] : []),
    ...(numbers.runs === expected[at] ? [] : [`${name}: the handler ran ${numbers.runs} times`]),
    ...(numbers.renderings === expected[at] ? [] : [`${name}: ${numbers.renderings} renderings`]),
  ]);
  return code === 0 ? faults : [...faults, `the service ended with ${code}`];
}

export function printSummary(phases: Phases, { looks, findings }: Watched): void {
  const all = Object.values(phases).reduce((sum, { requests }) => sum + requests, 0);
  const said = findings.map(({ text }) => text).join('\n  ') || 'nothing to mend';
  console.log(
    `answered: all of ${count(all)} requests; each page was made once, and once more when it was revised`,
  );
  console.log(`the status page was sent ${count(looks)} times, and has found: ${said}`);
}
