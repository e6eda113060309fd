/**
 * What is printed: the machine and the plan, how far a run is, then the table of the two runs side by
 * side and what its numbers mean.
 */

import { type Options, SingleBar } from 'cli-progress';
import Table from 'cli-table3';
import {
  count,
  decimal,
  megabytes,
  paint,
  percent,
  roughly,
  runTitle,
  seconds,
} from '../wording.ts';
import type { Measured, OnAnswer, Outputs, Work } from './measure.ts';
import { type SourceFile, totalBytes } from './work.ts';

export function printPlan(files: readonly SourceFile[], work: Work, expectedMs: number): void {
  const day = new Date().toISOString().slice(0, 10);
  const machine = `Node ${process.version}, ${work.threads} worker threads, ${day}`;
  print(`
${paint('bold', 'threadmemo: a build server that compresses')}
${paint('dim', machine)}

${count(files.length)} different files from node_modules (${megabytes(totalBytes(files))}) are wanted in Brotli,
quality 11. ${count(work.clients)} clients ask for them at the same time: ${count(work.requests.length)} requests in random
order, some files more popular than others. All of it is done twice: each request
as a task of bare Piscina, then as a call of a memoized function. And then once more,
apart from the comparison: by the memoized function with a disk behind its memory.

This takes about ${roughly(expectedMs)}; Ctrl-C ends it.
`);
}

/** The line that stays when a run's progress bar goes. */
export function printRun(name: string, run: Measured): void {
  print(`  ${runTitle(name)}${count(run.requests)} answers in ${seconds(run.wallMs)}`);
}

export function printTable(bare: Measured, memo: Measured, outputs: Outputs): void {
  const table = new Table({
    head: ['', 'bare Piscina', 'threadmemo', ''].map((name) => paint('bold', name)),
    colAligns: ['left', 'right', 'right', 'left'],
    // The library's own colours do not know NO_COLOR.
    style: { head: [], border: [], compact: true },
  });
  table.push(...rows(bare, memo, outputs).map(emphasized));
  print(`\n${table.toString()}`);
}

const unequal = 'NOT EQUAL';

type Row = [what: string, bare: string, memo: string, difference: string];

function rows(bare: Measured, memo: Measured, { differing }: Outputs): Row[] {
  const fewer = `${decimal(bare.computations / memo.computations)} x fewer`;
  const faster = `${decimal(bare.wallMs / memo.wallMs)} x faster`;
  const equal = differing.size === 0 ? 'every byte equal' : unequal;
  return [
    ['requests', count(bare.requests), count(memo.requests), ''],
    ['computations', count(bare.computations), count(memo.computations), fewer],
    ['found in the cache', count(bare.cached), count(memo.cached), ''],
    ['joined one under way', count(bare.joined), count(memo.joined), ''],
    ['wall time', seconds(bare.wallMs), seconds(memo.wallMs), faster],
    ['CPU time spent', seconds(bare.cpuMs), seconds(memo.cpuMs), ''],
    ['CPU time saved', '', seconds(bare.cpuMs - memo.cpuMs), percent(saved(bare, memo))],
    ['bytes answered', megabytes(bare.bytesOut), megabytes(memo.bytesOut), equal],
  ];
}

function emphasized([what, bare, memo, difference]: Row): Row {
  return [what, bare, memo, paint(difference === unequal ? 'red' : 'green', difference)];
}

/** The part of bare Piscina's CPU time that threadmemo did without. */
function saved(bare: Measured, memo: Measured): number {
  return 1 - memo.cpuMs / bare.cpuMs;
}

export function printVerdict(bare: Measured, memo: Measured, files: number): void {
  const ratio = decimal(bare.wallMs / memo.wallMs);
  const verdict = `${ratio} x faster, ${percent(saved(bare, memo))} of the CPU time saved`;
  print(`
${paint('bold', paint('green', verdict))}

Each file was wanted ${decimal(bare.requests / files)} times on average, and threadmemo compressed it once:
callers who asked later, or while it was under way, got the same bytes. The gain in a
program of yours is how often it asks for the same; what never repeats gains none.
${noiseNote(bare, memo)}
And with a disk behind its memory, where results outlive the process:
`);
}

/** No cache saves more time than the repeats took: what is beyond that has another cause. */
function noiseNote(bare: Measured, memo: Measured): string {
  const most = bare.computations / memo.computations;
  if (bare.wallMs / memo.wallMs < 1.15 * most) return '';
  return `
More than ${decimal(most)} x cannot come from threadmemo: something else on this machine slowed
the first run. Run it again when the machine is idle.
`;
}

/** Beside the run without a disk, and not beside bare Piscina, which has none. */
export function printDisk(disk: Measured, memo: Measured, folder: string): void {
  const { fromDisk, computations, wallMs } = disk;
  const found = `${count(fromDisk)} of ${count(fromDisk + computations)} files came from disk`;
  const gain = fromDisk > 0 ? `: ${seconds(wallMs)} instead of ${seconds(memo.wallMs)}` : '';
  print(`
${paint('bold', paint('green', found + gain))}

${origin(computations)}
They are in ${folder};
\`npm start -- --clear\` removes them.

Read next: examples/compress/compress.ts, a few lines and all there is to it; then
README.md.
`);
}

function origin(computations: number): string {
  if (computations === 0) return 'An earlier run had compressed them, and every byte is equal.';
  return `${count(computations)} were compressed now. They come from disk when you run this again.`;
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

interface Progress {
  readonly onAnswer: OnAnswer;
  stop(): void;
}

/** A bar on a terminal, a plain line every few seconds anywhere else. */
export function startProgress(name: string, requests: number): Progress {
  const bar = new SingleBar(barOptions(name));
  bar.start(requests, 0, { computed: '0' });
  return {
    onAnswer: (answered, computations) => bar.update(answered, { computed: count(computations) }),
    stop: () => bar.stop(),
  };
}

function barOptions(name: string): Options {
  const numbers = '{value} / {total} answered, {computed} computed, {duration} s';
  const title = runTitle(name);
  const bar = paint('cyan', '{bar}');
  return {
    stream: process.stdout,
    format: process.stdout.isTTY ? `  ${title}${bar} ${numbers}` : `  ${title}${numbers}`,
    formatValue: (value) => count(Number(value)),
    barsize: 16,
    barCompleteChar: '\u2588',
    barIncompleteChar: '\u2591',
    clearOnComplete: true,
    // Unlike the default, leaves nothing to be put right in the terminal after Ctrl-C.
    linewrap: true,
    noTTYOutput: true,
    notTTYSchedule: 5000,
  };
}
