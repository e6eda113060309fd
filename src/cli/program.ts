/**
 * What can be said to the command: its sub-commands, their options, and the help. What does the work is
 * loaded when it is asked for, so that help comes at once.
 */

import { readFileSync } from 'node:fs';
import { Command, InvalidArgumentError } from 'commander';
import type { DiskLimits } from '../disk.ts';
import { bytes, type Duration, milliseconds, type Size } from '../options.ts';
import { Exit } from './ended.ts';
import type { MapCommand } from './map.ts';

/** @param ended hears of the exit code */
export function program(ended: (code: number) => void): Command {
  const manifest = new URL('../../../package.json', import.meta.url);
  const { version } = JSON.parse(readFileSync(manifest, 'utf8'));
  const root = new Command('threadmemo')
    .description('Memoized functions on all threads, without writing a program.')
    .version(version)
    .exitOverride()
    .showHelpAfterError('(see --help)')
    .addHelpText('after', EXIT_CODES);
  root.addCommand(mapCommand(ended).copyInheritedSettings(root));
  root.addCommand(cacheCommand(root, ended).copyInheritedSettings(root));
  return root;
}

function mapCommand(ended: (code: number) => void): Command {
  return new Command('map')
    .summary('run a function over the lines of a file')
    .description(MAP)
    .argument('<module#function>', 'what to run: ./render.js#render, or package/module#name')
    .argument('[inputs]', "a file of JSON lines; '-' is the standard input", '-')
    .option('-o, --out <file>', 'write the results there; default: to the standard output')
    .option('-t, --threads <n>', 'worker threads; default: as many as there are cores', threads)
    .option('-c, --cache <dir>', 'keep results there, and take from there what is known')
    .option(
      '--max-size <size>',
      'with --cache: keep it below this size, such as 500mb or 2gb',
      size,
    )
    .option('--memory <size>', 'how much of the results memory keeps; default: 32mb', size)
    .option('-r, --redis <url>', 'share the work, and the results, with every machine that says so')
    .option('--args', 'each line is an array of arguments, and not the one argument')
    .option('--unordered', 'write results as they come, each as {"line":n,"value":...}')
    .option('--keep-going', 'go on after a line has failed; its result is {"error":{...}}')
    .option('-q, --quiet', 'no progress, and no summary')
    .option('--json', 'a final report as JSON')
    .addHelpText('after', MAP_NOTES + EXIT_CODES)
    .action(async (target: string, file: string, options: MapCommand) => {
      const { map } = await import('./map.ts');
      ended(await map(target, file, options));
    });
}

function cacheCommand(root: Command, ended: (code: number) => void): Command {
  const command = new Command('cache')
    .summary('look at a cache directory, and make it smaller')
    .description(CACHE)
    .addHelpText('after', CACHE_NOTES);
  const sub = (name: string, what: string) => {
    const made = new Command(name).copyInheritedSettings(root).description(what);
    command.addCommand(made.argument('<dir>', 'what --cache was given'));
    return made.option('--json', 'as JSON');
  };
  sub('stats', 'what is there of each function, and of each version of its code').action(
    async (dir: string, options: object) => ended(await (await cache()).stats(dir, options)),
  );
  sub('prune', 'remove what was not used for longest, until these limits hold')
    .option('--max-size <size>', 'most bytes in use, such as 500mb', size)
    .option('--max-age <duration>', 'how long after it was stored, such as 12h or 30d', timespan)
    .option('--max-entries <n>', 'most entries', wholeNumber)
    .action(async (dir: string, options: DiskLimits) =>
      ended(await (await cache()).prune(dir, options)),
    );
  sub('clear', 'remove everything, or all of one function')
    .option('-f, --function <id>', 'as stats shows it; with @version, only that version')
    .action(async (dir: string, options: object) =>
      ended(await (await cache()).clear(dir, options)),
    );
  sub('verify', 'read every record, and remove what is damaged').action(
    async (dir: string, options: object) => ended(await (await cache()).verify(dir, options)),
  );
  return command;
}

const cache = () => import('./cache.ts');

function threads(text: string): number {
  if (wholeNumber(text) > 0) return Number(text);
  throw new InvalidArgumentError('It must be 1 or more.');
}

function wholeNumber(text: string): number {
  if (/^\d+$/.test(text)) return Number(text);
  throw new InvalidArgumentError('It must be a whole number.');
}

function timespan(text: string): Duration {
  try {
    return milliseconds('--max-age', numberIn(text));
  } catch {
    throw new InvalidArgumentError("It must be a duration, such as '12h' or '30d'.");
  }
}

function size(text: string): Size {
  try {
    return bytes('size', numberIn(text));
  } catch {
    throw new InvalidArgumentError("It must be a size, such as '500mb' or '2gb'.");
  }
}

/** What the library takes as a number, of bytes or milliseconds, is a text here. */
function numberIn(text: string): number | string {
  return /^\d+$/.test(text) ? Number(text) : text;
}

const MAP =
  'Runs a function over JSON lines (NDJSON), on all cores. Equal inputs are computed once, as long as ' +
  'their results are in --memory or in --cache. ' +
  'The function is an export of the module: one that was memoized with memoize(), or a plain one. ' +
  'Each line of the input is its one argument; each line of the output is one result, in the order ' +
  'of the input.';

const MAP_NOTES = `
Examples:
  threadmemo map ./features.js#extract documents.ndjson --out features.ndjson
      one result a line, computed on all cores
  threadmemo map ./features.js#extract documents.ndjson --out features.ndjson --cache .cache
      the same, and results stay for the next time: press Ctrl-C, and start it again
  threadmemo map ./features.js#extract documents.ndjson --out features.ndjson --redis redis://cache
      the same on ten machines at once: each computes a part, and all get all results
  cat pairs.ndjson | threadmemo map ./distance.ts#distance --args | sort -n | head
      lines such as ["kitten","sitting"] are the arguments of one call

Lines: blank ones are skipped. A result of undefined is null, and -0 is 0. What JSON cannot carry (a
bigint, a Map, a Buffer, NaN) is a failure of its line. What the function prints goes to the standard
error.

Failures: the line's number, its input and the message go to the standard error. The first one stops
the command; with --keep-going, the output has a line for it, too.

Ctrl-C: what runs is finished, what is done is written. With --cache or --redis, the same command goes
on from there. Several processes may use one --cache, or one --redis, at once, and share the work:
each input is computed by one of them. With both, the disk is asked first, and has everything after.

--memory: what no longer fits goes, the least used first, and is computed again if it comes again,
unless --cache or --redis has it. A result larger than a quarter of it is not kept in memory.

--out: results are in <file>.<run>.partial, which no other run writes to, until they are complete;
those of a run that has ended early are in <file>.partial. Of several runs with one --out, each writes
all results, and the last to end leaves its own. The input cannot be the output.

--cache: results that could not be stored, because the disk is full, are counted in the summary, and
in "notStored" of the report.

--json: the report goes to the standard output if the results go to --out, else to the standard error.
`;

const CACHE = 'Looks at the directory of --cache, or of a diskTier(), and makes it smaller.';

const CACHE_NOTES = `
Examples:
  threadmemo cache stats .cache
  threadmemo cache prune .cache --max-size 500mb --max-age 30d
  threadmemo cache clear .cache --function 'my-app/features.js#extract'

A program may go on using the directory meanwhile. Results of older code stay beside those of the
present code, as versions of their own, until they are pruned.
`;

const EXIT_CODES = `
Exit codes:
  ${Exit.done}    done
  ${Exit.failed}    a line has failed; or \`cache verify\` has found damage
  ${Exit.unusable}    it could not be done: wrong usage, module, cache, Redis, input or output
  ${Exit.interrupted.SIGINT}  interrupted (Ctrl-C); ${Exit.interrupted.SIGTERM} if it was asked to end (SIGTERM)
  ${Exit.unread}  nobody reads the results any more, as in \`| head\`
`;
