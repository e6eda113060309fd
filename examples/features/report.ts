/** What is printed: a line for each stage, what to make of it, and the documents that are alike. */

import Table from 'cli-table3';
import type { FunctionStats } from 'threadmemo';
import { count, paint, percent } from '../wording.ts';
import type { Document } from './documents.ts';
import type { Pair } from './stages.ts';

export type StageStats = Readonly<Record<string, FunctionStats>>;

const shownPairs = 10;

export function printDocuments(folder: string, documents: readonly Document[]): void {
  const characters = documents.reduce((sum, { text }) => sum + text.length, 0);
  console.log(`
${paint('bold', 'threadmemo: which documents are alike?')}

${count(documents.length)} Markdown files, ${count(characters)} characters, in ${folder}
`);
}

export function printStages(stages: StageStats, wallMs: number): void {
  const head = ['stage', 'calls', 'computed', 'from memory', 'from disk', 'ms spent', 'ms saved'];
  const table = new Table({
    head: head.map((name) => paint('bold', name)),
    colAligns: ['left', ...head.slice(1).map(() => 'right' as const)],
    style: { head: [], border: [], compact: true },
  });
  table.push(...Object.entries(stages).map(([name, stats]) => [name, ...numbers(stats)]));
  console.log(
    `${table}\n\n${paint('green', verdict(stages))}\nFrom the first question to the last answer: ${count(wallMs)} ms.`,
  );
}

function numbers(stats: FunctionStats): string[] {
  const { hits, hitsIn, misses, waits, computations, computeMsSpent, computeMsSaved } = stats;
  // A call that waits for the same text as another gets it from memory, too.
  const memory = hits - hitsIn.tiers + waits;
  const all = [hits + misses + waits, computations, memory, hitsIn.tiers];
  return [...all, computeMsSpent, computeMsSaved].map(count);
}

function verdict(stages: StageStats): string {
  const computed = Object.keys(stages).filter((name) => stages[name]?.computations);
  const all = Object.values(stages);
  const stored = all.reduce((sum, { hitsIn }) => sum + hitsIn.tiers, 0);
  const saved = all.reduce((sum, { computeMsSaved }) => sum + computeMsSaved, 0);
  if (stored === 0) return 'Nothing was on disk. Now it is: run it again.';
  if (computed.length > 0) {
    return `Computed: ${computed.join(', ')}. From disk: ${count(stored)} results.`;
  }
  return `Everything came from disk: ${count(stored)} results, ${count(saved)} ms of computing saved.`;
}

export function printAlike(documents: readonly Document[], alike: readonly Pair[]): void {
  console.log(`\n${paint('bold', 'Most alike')}`);
  for (const { one, other, likeness } of alike.slice(0, shownPairs)) {
    const paths = [other, one].map((place) => documents[place]?.path);
    console.log(`${percent(likeness).padStart(6)}  ${paths.join('  ')}`);
  }
}
