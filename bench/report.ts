/** How does a person read the results? As tables, with the bars and what they do not show below. */
import type { describeMachine } from './machine.ts';
import type { BarResult, PartSummary, Row, ScenarioSummary } from './summarize.ts';

/** The share of a core above which a contestant is reported that should have been waiting. */
const restless = 0.05;

export function machineText({ versions, ...facts }: ReturnType<typeof describeMachine>): string {
  const list = (record: object) => Object.entries(record).map(([name, it]) => `${name} ${it}`);
  return [facts, versions].map((record) => list(record).join(' · ')).join('\n');
}

export function scenarioText(summary: ScenarioSummary): string {
  const { name, rounds, warmUps, notShown, contestants, parts } = summary;
  const width = Math.max(...contestants.map((it) => it.name.length));
  return [
    `\n== ${name}: medians of ${rounds} rounds after ${warmUps} of warm-up, contestants in turn ==`,
    ...contestants.map((it) => `  ${it.name.padEnd(width)}  ${it.what}`),
    ...parts.map(partText),
    ...contestants.flatMap(warnOfUnrest),
    '\nNot shown:',
    ...notShown.map((it) => `  - ${it}`),
  ].join('\n');
}

/** A contestant that computes while others are measured makes them look slow. */
function warnOfUnrest({ name, unrest }: ScenarioSummary['contestants'][number]): string[] {
  if (unrest < restless) return [];
  const share = (100 * unrest).toFixed(1);
  return [`\nBeware: ${name} used ${share} % of a core while others were measured.`];
}

function partText({ part, rows, absent, bars }: PartSummary): string {
  const ratios =
    part.baseline === undefined ? '' : `; ratios to ${part.baseline} in the same round`;
  const heading = part.metrics.flatMap(({ label, ratio }) => (ratio ? [label, 'ratio'] : [label]));
  const lines = rows.map((row) => [row.contestant, ...numbersOf(row, part)]);
  return [
    `\n${part.name}: ${part.question}${ratios}`,
    rows.length > 0 ? aligned([['', ...heading], ...lines]) : '  nobody',
    ...absent.map(({ contestant, reason }) => `  ${contestant}: not here: ${reason}`),
    ...bars.map(barText),
  ].join('\n');
}

function numbersOf(row: Row, part: PartSummary['part']): string[] {
  return part.metrics.flatMap(({ id, digits, ratio }) => {
    const cell = row.cells[id];
    const value = cell?.value.toLocaleString('en', {
      minimumFractionDigits: digits,
      maximumFractionDigits: digits,
    });
    return ratio ? [value ?? '', cell?.ratio?.toFixed(2) ?? '-'] : [value ?? ''];
  });
}

function barText(bar: BarResult): string {
  const { contestant, metric, of, to, must, limit, measured, holds } = bar;
  const other = to === undefined ? '' : ` to ${to}`;
  const what = of === 'ratio' ? `the ratio of ${metric}${other}` : metric;
  const verdict = holds ? 'HOLDS ' : 'MISSED';
  const found =
    measured === undefined ? 'it was not measured' : `it is ${Number(measured.toPrecision(3))}`;
  return `  ${verdict} ${contestant}: ${what} must ${must} ${Number(limit.toPrecision(3))}; ${found}`;
}

/** The first column to the left, numbers to the right. */
export function aligned(table: readonly (readonly string[])[]): string {
  const widths = (table[0] ?? []).map((_, i) =>
    Math.max(...table.map((row) => row[i]?.length ?? 0)),
  );
  const pad = (text: string, i: number) =>
    i === 0 ? text.padEnd(widths[i] ?? 0) : text.padStart(widths[i] ?? 0);
  return table.map((row) => `  ${row.map(pad).join('  ')}`.trimEnd()).join('\n');
}
