/**
 * Run this with `npm start`: the same requests for compressed files, answered by bare Piscina and
 * by threadmemo, and what each of them took. Then, apart from the comparison, by threadmemo with
 * results on disk, where a second `npm start` finds them. The function is in compress.ts.
 */

import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { cacheFolder, clear } from '../cache-folder.ts';
import { runExample } from '../command-line.ts';
import { cache, openOnDisk, openPiscina, openThreadmemo, reports } from './contestants.ts';
import { estimate, type Measured, measure, Outputs, type Work } from './measure.ts';
import {
  printDisk,
  printPlan,
  printRun,
  printTable,
  printVerdict,
  startProgress,
} from './report.ts';
import { chooseFiles, findFiles, requestList, type SourceFile } from './work.ts';

/** Bytes: about half a minute of work for one thread. */
const sizes = { smallest: 2_000, largest: 200_000, total: 12_000_000 };
const repeats = { fewest: 3, most: 8 };
const clients = 64;
const seed = 20;

interface RunOptions {
  readonly help: boolean;
  /** Only forget what is on disk. */
  readonly clear: boolean;
  /** The part of the work that is done: 1 is all of it. */
  readonly part: number;
  readonly threads: number;
}

const help = `npm start -- [options]

Has a few hundred files compressed by bare Piscina and by threadmemo, and compares;
then once more by threadmemo with its disk tier, which remembers them for the next time.

  --quick        5 % of the files: done in seconds, good for CI, too short for fair numbers
  --threads <n>  worker threads (here and now: ${availableParallelism()})
  --clear        only forgets what earlier runs have kept on disk
  --help         this text

NO_COLOR=1 switches colours off. Exit code 1: an output differed, or a file was
compressed more than once by threadmemo. Exit code 2: an option was not understood.
`;

await runExample(readOptions, help, async (options) => {
  if (!options.clear) return compare(options);
  clear(cache);
  return 0;
});

async function compare({ part, threads }: RunOptions): Promise<number> {
  const files = filesFor(part);
  const work = { requests: requestList(files, repeats, seed), clients, threads };
  printPlan(files, work, estimate(files, work, existsSync(cacheFolder(cache))));

  const outputs = new Outputs();
  const bare = await run('bare Piscina', openPiscina, work, outputs);
  const memo = await run('threadmemo', openThreadmemo, work, outputs);
  printTable(bare, memo, outputs);
  let faults = findFaults(memo, files.length, outputs);
  if (faults.length === 0) {
    printVerdict(bare, memo, files.length);
    const disk = await run('on disk', openOnDisk, work, outputs);
    faults = findFaults(disk, files.length, outputs);
    if (faults.length === 0) printDisk(disk, memo, cacheFolder(cache));
    console.log(`\nWithout the disk, pool.report() has said:\n\n${reports[0]}`);
  }
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

function findFaults(run: Measured, files: number, { differing }: Outputs): string[] {
  const faults: string[] = [];
  if (differing.size > 0) {
    const names = [...differing].slice(0, 5).join(', ');
    faults.push(`${differing.size} files were answered with different outputs: ${names}`);
  }
  const { computations, fromDisk } = run;
  if (computations + fromDisk !== files) {
    faults.push(
      `threadmemo computed ${computations} times, and found ${fromDisk} results on disk, for ` +
        `${files} different files`,
    );
  }
  return faults;
}

/** Throws an `Error` for people to read when an option is unknown or wrong. */
function readOptions(args: readonly string[]): RunOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      help: { type: 'boolean', short: 'h', default: false },
      clear: { type: 'boolean', default: false },
      quick: { type: 'boolean', default: false },
      threads: { type: 'string', default: String(availableParallelism()) },
    },
  });
  return {
    help: values.help,
    clear: values.clear,
    part: values.quick ? 0.05 : 1,
    threads: threadCount(values.threads),
  };
}

function threadCount(text: string): number {
  if (/^[1-9]\d{0,2}$/.test(text)) return Number(text);
  throw new Error(`--threads is '${text}'; it must be a whole number from 1 to 999`);
}
