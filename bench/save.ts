/**
 * Which figures may documents quote? Those of the files in `bench/results`, one a scenario, which
 * `npm run bench -- <scenario> --save` writes and `bench/numbers.ts` reads.
 */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import type { describeMachine } from './report.ts';
import type { Metric } from './scenario.ts';
import type { Row, ScenarioSummary } from './summarize.ts';

const folder = new URL('results/', import.meta.url);

export interface SavedPart {
  readonly name: string;
  readonly question: string;
  readonly baseline?: string | undefined;
  readonly metrics: readonly Pick<Metric, 'id' | 'label' | 'digits' | 'ratio' | 'better'>[];
  readonly rows: readonly Row[];
}

export interface SavedResult {
  readonly scenario: string;
  readonly machine: ReturnType<typeof describeMachine>;
  readonly rounds: number;
  readonly parts: readonly SavedPart[];
  readonly notShown: readonly string[];
}

export function saveResult(machine: SavedResult['machine'], summary: ScenarioSummary): void {
  const { name: scenario, rounds, notShown, parts } = summary;
  const saved: SavedResult = {
    scenario,
    machine,
    rounds,
    parts: parts.map(({ part: { name, question, baseline, metrics }, rows }) => ({
      name,
      question,
      baseline,
      metrics: metrics.map(({ id, label, digits, ratio, better }) => ({
        id,
        label,
        digits,
        ratio,
        better,
      })),
      rows,
    })),
    notShown,
  };
  mkdirSync(folder, { recursive: true });
  const file = new URL(`${scenario.replaceAll(' ', '-')}.json`, folder);
  writeFileSync(file, `${JSON.stringify(saved, null, 2)}\n`);
}

/** Where a policy is at its worst beside LRU: its ratio to that. */
export interface Worst {
  readonly trace: string;
  readonly share: number;
  readonly ratio: number;
}

/** Over all traces and sizes; means by contestant. */
export interface SavedQuestion {
  readonly question: string;
  readonly means: Readonly<Record<string, number>>;
  readonly worst: Worst;
}

export interface SavedEviction {
  readonly date: string;
  readonly traces: number;
  readonly questions: readonly SavedQuestion[];
}

/** A simulation: it has no rounds, and no machine matters. */
const evictionFile = 'eviction.json';

export function saveEviction(traces: number, played: readonly SavedQuestion[]): void {
  const questions = played.map(({ question, means, worst }) => ({ question, means, worst }));
  const saved: SavedEviction = { date: new Date().toISOString(), traces, questions };
  mkdirSync(folder, { recursive: true });
  writeFileSync(new URL(evictionFile, folder), `${JSON.stringify(saved, null, 2)}\n`);
}

export function savedEviction(): SavedEviction {
  return JSON.parse(readFileSync(new URL(evictionFile, folder), 'utf8'));
}

/** By the names of the scenarios. */
export function savedResults(): Map<string, SavedResult> {
  const isOfScenario = (file: string) => file.endsWith('.json') && file !== evictionFile;
  const files = readdirSync(folder).filter(isOfScenario);
  const results = files.map(
    (file) => JSON.parse(readFileSync(new URL(file, folder), 'utf8')) as SavedResult,
  );
  return new Map(results.map((result) => [result.scenario, result]));
}
