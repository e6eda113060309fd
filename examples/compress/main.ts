/**
 * Run this with `npm start`: the same requests for compressed files, answered by bare Piscina and
 * by threadmemo, and what each of them took. The function itself is beside it, in compress.ts.
 */

import { fileURLToPath } from 'node:url';
import { openPiscina, openThreadmemo } from './contestants.ts';
import { estimate } from './estimate.ts';
import { requestList } from './load.ts';
import { type Measured, measure, Outputs, type Work } from './measure.ts';
import { help, type RunOptions, readOptions } from './options.ts';
import { startProgress } from './progress.ts';
import { printPlan, printRun, printTable, printVerdict } from './report.ts';
import { chooseFiles, findFiles, type SourceFile } from './select.ts';

/** Bytes: about half a minute of work for one thread. */
const sizes = { smallest: 2_000, largest: 200_000, total: 12_000_000 };
const repeats = { fewest: 3, most: 8 };
const clients = 64;
const seed = 20;

process.exitCode = await main(process.argv.slice(2));

async function main(args: readonly string[]): Promise<number> {
  let options: RunOptions;
  try {
    options = readOptions(args);
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${help}`);
    return 2;
  }
  if (options.help) {
    console.log(help);
    return 0;
  }
  return compare(options);
}

async function compare({ part, threads }: RunOptions): Promise<number> {
  const files = filesFor(part);
  const work = { requests: requestList(files, repeats, seed), clients, threads };
  printPlan(files, work, estimate(files, work));

  const outputs = new Outputs();
  const bare = await run('bare Piscina', openPiscina, work, outputs);
  const memo = await run('threadmemo', openThreadmemo, work, outputs);
  const faults = findFaults(memo, files.length, outputs);

  printTable(bare, memo, outputs);
  if (faults.length === 0) printVerdict(bare, memo, files.length);
  for (const fault of faults) console.error(`\nFAILED: ${fault}`);
  return faults.length === 0 ? 0 : 1;
}

function filesFor(part: number): SourceFile[] {
  const folder = fileURLToPath(new URL('../../node_modules', import.meta.url));
  return chooseFiles(findFiles(folder, sizes), { ...sizes, total: sizes.total * part }, seed);
}

async function run(
  name: string,
  open: Parameters<typeof measure>[0],
  work: Work,
  outputs: Outputs,
): Promise<Measured> {
  const progress = startProgress(name, work.requests.length);
  const measured = await measure(open, work, outputs, progress.onAnswer).finally(progress.stop);
  printRun(name, measured);
  return measured;
}

function findFaults(memo: Measured, files: number, { differing }: Outputs): string[] {
  const faults: string[] = [];
  if (differing.size > 0) {
    const names = [...differing].slice(0, 5).join(', ');
    faults.push(`${differing.size} files were answered with different outputs: ${names}`);
  }
  if (memo.computations !== files) {
    faults.push(`threadmemo computed ${memo.computations} times for ${files} different files`);
  }
  return faults;
}
