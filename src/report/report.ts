/** Puts a report together, and into words. */

import { printable } from '../text/printable.ts';
import { duration, percent, size } from './figures.ts';
import { findingsOf, type PoolLimits } from './findings.ts';
import type { FunctionReport, MemoFinding, PoolReport } from './pool-report.ts';
import { type FunctionFacts, reckon } from './reckon.ts';

export interface ReportParts {
  readonly functions: readonly FunctionFacts[];
  /** Milliseconds since the pool was opened. */
  readonly ms: number;
  readonly limits: PoolLimits;
}

/** Rows of the table; what has computed least is left out of it. */
const MOST_ROWS = 40;

export function reportOf({ functions, ms, limits }: ReportParts): PoolReport {
  const reckoned = functions
    .map((facts) => ({ facts, report: reckon(facts) }))
    .filter(({ report }) => report.calls > 0)
    .sort((a, b) => b.report.computeMsSpent - a.report.computeMsSpent);
  const names = namesOf(reckoned.map(({ report }) => report.id));
  const findings = reckoned
    .flatMap(({ facts, report }) =>
      findingsOf({ facts, report, ms, limits, name: names.get(report.id) as string }),
    )
    .sort((a, b) => b.lossMs - a.lossMs);
  const reports = reckoned.map(({ report }) => report);
  return {
    ms,
    functions: reports,
    findings,
    // Takes longer than all the rest, and the page does without it.
    get text() {
      return textOf(reports, findings, ms, names);
    },
  };
}

/** The name alone where no other function has it. */
function namesOf(ids: readonly string[]): ReadonlyMap<string, string> {
  const short = (id: string) => id.slice(id.lastIndexOf('#') + 1);
  const counts = new Map<string, number>();
  for (const id of ids) counts.set(short(id), (counts.get(short(id)) ?? 0) + 1);
  return new Map(
    ids.map((id) => [id, printable(counts.get(short(id)) === 1 ? short(id) : id)] as const),
  );
}

const HEADER = [
  ...['function', 'calls', 'hits', 'computed', 'p50', 'p95', 'spent', 'awaited', 'saved', 'memo'],
  ...['breaks even', 'held'],
];

function textOf(
  functions: readonly FunctionReport[],
  findings: readonly MemoFinding[],
  ms: number,
  names: ReadonlyMap<string, string>,
): string {
  const saved = functions.reduce((sum, { gainMs }) => sum + gainMs, 0);
  const what = saved < 0 ? 'lost' : 'saved';
  const title = `threadmemo: ${duration(Math.abs(saved))} of computing ${what} in ${duration(ms)}`;
  if (functions.length === 0) return `${title}: no memoized function was called`;
  const rows = functions
    .slice(0, MOST_ROWS)
    .map((each) => rowOf(each, names.get(each.id) ?? each.id));
  const left = functions.length - rows.length;
  const more = left > 0 ? [`and ${left} more that have computed less`] : [];
  const said =
    findings.length > 0
      ? findings.map(({ text }) => `- ${text}`)
      : ['Nothing was found that does not pay.'];
  return [title, '', ...columns([HEADER, ...rows]), ...more, '', ...said].join('\n');
}

function rowOf(each: FunctionReport, name: string): readonly string[] {
  const { calls, hits, computeMs, memo, breakEvenCalls, gainMs } = each;
  const known = <T>(value: T | undefined, text: (value: T) => string) =>
    value === undefined ? '' : text(value);
  return [
    name,
    calls.toLocaleString('en'),
    percent(hits / calls),
    each.computations.toLocaleString('en'),
    known(computeMs, ({ p50 }) => duration(p50)),
    known(computeMs, ({ p95 }) => duration(p95)),
    duration(each.computeMsSpent),
    duration(each.computeMsAwaited),
    duration(each.computeMsSaved),
    known(memo, (cost) => `${duration(cost.ms)}${gainMs < 0 ? ' (loses)' : ''}`),
    known(breakEvenCalls, (count) =>
      Number.isFinite(count) ? `${count.toFixed(1)} calls` : 'never',
    ),
    size(each.bytes),
  ];
}

/** The first is text, the others figures. */
function columns(rows: readonly (readonly string[])[]): string[] {
  const widths = HEADER.map((_, at) => Math.max(...rows.map((row) => row[at]?.length ?? 0)));
  return rows.map((row) =>
    row
      .map((cell, at) => (at === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[at] ?? 0)))
      .join('  ')
      .trimEnd(),
  );
}
