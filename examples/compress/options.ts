/**
 * What the command line may say, and what it says about itself.
 */

import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';

export interface RunOptions {
  readonly help: boolean;
  /** Only forget what is on disk. */
  readonly clear: boolean;
  /** The part of the work that is done: 1 is all of it. */
  readonly part: number;
  readonly threads: number;
}

export const help = `npm start -- [options]

Has a few hundred files compressed by bare Piscina and by threadmemo, and compares;
then once more by threadmemo with its disk tier, which remembers them for the next time.

  --quick        5 % of the files: done in seconds, good for CI, too short for fair numbers
  --threads <n>  worker threads (here and now: ${availableParallelism()})
  --clear        only forgets what earlier runs have kept on disk
  --help         this text

NO_COLOR=1 switches colours off. Exit code 1: an output differed, or a file was
compressed more than once by threadmemo. Exit code 2: an option was not understood.
`;

/** Throws an `Error` for people to read when an option is unknown or wrong. */
export function readOptions(args: readonly string[]): RunOptions {
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
