/** What do the rounds say? One number a metric and contestant, one ratio, and which bars hold. */
import type { Played } from './conduct.ts';
import { median } from './measuring.ts';
import {
  type Bar,
  bestOther,
  type Contestant,
  type Metric,
  type Part,
  type Sample,
  type Scenario,
} from './scenario.ts';

export interface Cell {
  readonly value: number;
  /** The median of the ratios to the baseline, each within one round. */
  readonly ratio?: number;
}

export interface Row {
  readonly contestant: string;
  readonly cells: Readonly<Record<string, Cell>>;
}

export interface BarResult extends Bar {
  /** Absent when one whom it speaks of was not there or failed. */
  readonly measured: number | undefined;
  readonly holds: boolean;
}

export interface PartSummary {
  readonly part: Part;
  readonly rows: readonly Row[];
  readonly absent: readonly { readonly contestant: string; readonly reason: string }[];
  readonly bars: readonly BarResult[];
}

/** All of a scenario's report; JSON as it is. */
export interface ScenarioSummary extends Omit<Scenario, 'parts' | 'field'> {
  readonly contestants: readonly {
    readonly name: string;
    readonly what: string;
    /** The share of a core that it used while others were measured. */
    readonly unrest: number;
    readonly rounds: Played['rounds'];
  }[];
  readonly parts: readonly PartSummary[];
}

export function summarize(
  scenario: Scenario,
  contestants: readonly Contestant[],
  played: readonly Played[],
): ScenarioSummary {
  const { name, warmUps, rounds, notShown } = scenario;
  return {
    name,
    warmUps,
    rounds,
    notShown,
    contestants: contestants.map((contestant) => {
      const own = played.find((it) => it.contestant === contestant);
      const { name, what } = contestant;
      return { name, what, unrest: unrestOf(own), rounds: own?.rounds ?? [] };
    }),
    parts: scenario.parts.map((part) => summarizePart(part, contestants, played)),
  };
}

function unrestOf(played: Played | undefined): number {
  const sum = (of: 'cpu' | 'wall') => played?.idle.reduce((total, it) => total + it[of], 0) ?? 0;
  // Alone it never waits, and what its last round left behind would be all there is.
  return sum('wall') > 1_000 ? sum('cpu') / sum('wall') : 0;
}

function summarizePart(
  part: Part,
  contestants: readonly Contestant[],
  played: readonly Played[],
): PartSummary {
  const rows = played
    .filter((it) => samplesOf(it, part).length > 0)
    .map((it) => summarizeRow(part, it, played));
  return {
    part,
    rows,
    absent: contestants.flatMap((contestant) => whyAbsent(part, contestant, played)),
    bars: part.bars
      .filter((bar) => contestants.some(({ name }) => name === bar.contestant))
      .map((bar) => judge(bar, measuredOf(bar, part, rows, played))),
  };
}

/** What a bar speaks of, where it was measured. */
function measuredOf(
  { contestant, metric, of, to }: Bar,
  part: Part,
  rows: readonly Row[],
  played: readonly Played[],
): number | undefined {
  const cell = rows.find((row) => row.contestant === contestant)?.cells[metric];
  if (to === undefined) return of === 'ratio' ? cell?.ratio : cell?.value;
  const samples = (name: string) =>
    samplesOf(
      played.find((it) => it.contestant.name === name),
      part,
    ).map((sample) => sample[metric] ?? Number.NaN);
  const own = samples(contestant);
  const others = rows.map((row) => row.contestant).filter((name) => !name.startsWith('threadmemo'));
  const other = to === bestOther ? lowestOf(others.map(samples)) : samples(to);
  return of === 'difference' ? differenceOf(own, other) : ratioOf(own, other);
}

/** The median of the ratios within one round; there is none when one of them has failed. */
function ratioOf(own: readonly number[], other: readonly number[]): number | undefined {
  if (own.length === 0 || own.length !== other.length) return undefined;
  return median(own.map((it, round) => it / (other[round] ?? Number.NaN)));
}

/** In each round. */
function lowestOf(others: readonly (readonly number[])[]): number[] {
  const rounds = others[0] ?? [];
  return rounds.map((_, round) => Math.min(...others.map((its) => its[round] ?? Number.NaN)));
}

/** The same of the differences. */
function differenceOf(own: readonly number[], other: readonly number[]): number | undefined {
  if (own.length === 0 || own.length !== other.length) return undefined;
  return median(own.map((it, round) => it - (other[round] ?? Number.NaN)));
}

function samplesOf(played: Played | undefined, part: Part): Sample[] {
  return (played?.rounds ?? []).map((round) => round[part.name]).filter((it) => it !== undefined);
}

function summarizeRow(part: Part, played: Played, all: readonly Played[]): Row {
  const own = samplesOf(played, part);
  const baseline = samplesOf(
    all.find((it) => it.contestant.name === part.baseline),
    part,
  );
  const cells = part.metrics.map((metric) => [metric.id, summarizeCell(metric, own, baseline)]);
  return { contestant: played.contestant.name, cells: Object.fromEntries(cells) };
}

function summarizeCell(metric: Metric, own: readonly Sample[], baseline: readonly Sample[]): Cell {
  const read = (sample: Sample | undefined) => sample?.[metric.id] ?? Number.NaN;
  const values = own.map(read);
  const value = metric.over === 'max' ? Math.max(...values) : median(values);
  const ratio = metric.ratio ? ratioOf(values, baseline.map(read)) : undefined;
  return ratio === undefined ? { value } : { value, ratio };
}

function whyAbsent(part: Part, contestant: Contestant, played: readonly Played[]) {
  const { name, cannot } = contestant;
  const failed = played.find((it) => it.contestant.name === name)?.failed;
  const reason =
    cannot[part.name] ??
    contestant.missing?.() ??
    (failed === undefined ? undefined : `FAILED: ${failed}`);
  return reason === undefined ? [] : [{ contestant: name, reason }];
}

function judge(bar: Bar, measured: number | undefined): BarResult {
  if (measured === undefined) return { ...bar, measured, holds: false };
  const holds = bar.must === 'be at least' ? measured >= bar.limit : measured <= bar.limit;
  return { ...bar, measured, holds };
}
