/**
 * How does a person read the results? As tables, with the bars and what they do not show below. Above
 * them stands where and with what they were measured: numbers without it mean nothing later.
 */
import { readFileSync } from 'node:fs';
import { arch, availableParallelism, cpus, loadavg, platform } from 'node:os';
import { spinClock } from './functions/plain.js';
import { seed } from './measuring.ts';
import { type Kind, labels, type PythonHits, pythonVersions } from './python.ts';
import { threads } from './scenario.ts';
import type { BarResult, PartSummary, Row, ScenarioSummary } from './summarize.ts';

const packages = [
  'piscina',
  'p-memoize',
  'lru-cache',
  'bentocache',
  'async-cache-dedupe',
  'layered-loader',
  '@epic-web/cachified',
  'lmdb',
  'ioredis',
];

/** What stands at the head of every report, in either form. */
export function describeMachine() {
  return {
    date: new Date().toISOString(),
    node: process.version,
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    system: `${platform()} ${arch()}`,
    load: (loadavg()[0] ?? 0).toFixed(2),
    threads,
    seed,
    spin: spinClock,
    versions: {
      threadmemo: versionAt('../package.json'),
      "threadmemo's piscina": versionAt('../node_modules/piscina/package.json'),
      ...Object.fromEntries(
        packages.map((name) => [name, versionAt(`node_modules/${name}/package.json`)]),
      ),
      ...pythonVersions(),
    },
  };
}

function versionAt(path: string): string {
  return JSON.parse(readFileSync(new URL(path, import.meta.url), 'utf8')).version;
}

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
    rows.length > 0 ? aligned([['', ...heading], ...lines]) : '  no contestant',
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
  const what = of === 'value' ? metric : `the ${of} of ${metric}${other}`;
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

export function pythonText(hits: PythonHits | undefined): string {
  if (hits === undefined)
    return '\npython: there is no python3 here; on Debian: apt-get install -y python3';
  const kinds = Object.keys(labels) as Kind[];
  const heading = kinds.flatMap((kind) => [`ns, ${labels[kind]}`, 'ratio']);
  const rows = Object.entries(hits).map(([name, own]) => [
    name,
    ...kinds.flatMap((kind) => [
      own[kind].toLocaleString('en', { maximumFractionDigits: 0 }),
      (own[kind] / (hits['dict']?.[kind] ?? Number.NaN)).toFixed(2),
    ]),
  ]);
  return [
    '\npython: one cached value, read again and again in one thread; ratios to a dict in the same run',
    aligned([['', ...heading], ...rows]),
    '\nNot shown:',
    '  - other processes: lru_cache is of one process, joblib and diskcache are on disk, for all',
  ].join('\n');
}
