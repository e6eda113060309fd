/**
 * The command line: its sub-commands, their options, and the help. What does the work is
 * loaded when it is asked for, so that help comes at once.
 */

import { createRequire } from 'node:module';
import { Command, InvalidArgumentError } from 'commander';
import type { DiskLimits } from '../disk.ts';
import { bytes, type Duration, milliseconds, type Size } from '../options.ts';
import { printableLines, withoutPasswords } from '../text/printable.ts';
import { isNamespace, LONGEST_NAMESPACE } from '../tiers/namespace.ts';
import type { ExplainCommand } from './explain.ts';
import {
  CACHE,
  CACHE_NOTES,
  COMPARE,
  COMPARE_NOTES,
  EXIT_CODES,
  EXPLAIN,
  EXPLAIN_NOTES,
  MAP,
  MAP_NOTES,
  PAGE,
  PAGE_NOTES,
} from './help.ts';
import type { MapCommand } from './map.ts';

/** @param ended called with the exit code */
export function program(ended: (code: number) => void): Command {
  const { version } = createRequire(import.meta.url)('threadmemo/package.json');
  const root = new Command('threadmemo')
    .description('Memoized functions on all threads, without writing a program.')
    .version(version)
    .exitOverride()
    .configureOutput({
      outputError: (text, write) => write(withoutPasswords(printableLines(text))),
    })
    .showHelpAfterError('(see --help)')
    .addHelpText('after', EXIT_CODES);
  root.addCommand(mapCommand(ended).copyInheritedSettings(root));
  root.addCommand(explainCommand(ended).copyInheritedSettings(root));
  root.addCommand(compareCommand(ended).copyInheritedSettings(root));
  root.addCommand(cacheCommand(root, ended).copyInheritedSettings(root));
  root.addCommand(pageCommand(ended).copyInheritedSettings(root));
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
    .option(
      '--redis-file <file>',
      'a file with that URL: other users can see what --redis is given',
    )
    .option(
      '--namespace <name>',
      "with --cache or --redis: the service's, as in createPool({ namespace })",
      namespace,
    )
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

function explainCommand(ended: (code: number) => void): Command {
  return new Command('explain')
    .summary('say what a cache has for a call, or why it has nothing')
    .description(EXPLAIN)
    .argument('<module#function>', 'as for map')
    .argument('<input>', 'the argument of the call as JSON, as a line for map')
    .requiredOption('-c, --cache <dir>', 'what map was given, or a diskTier()')
    .option('--args', 'the input is an array of arguments, and not the one argument')
    .option('--namespace <name>', "the service's, as in createPool({ namespace })", namespace)
    .option('--json', 'as JSON')
    .addHelpText('after', EXPLAIN_NOTES)
    .action(async (target: string, input: string, options: ExplainCommand) => {
      const { explain } = await import('./explain.ts');
      ended(await explain(target, input, options));
    });
}

function compareCommand(ended: (code: number) => void): Command {
  return new Command('compare')
    .summary('run a program with its cache and without it, and compare')
    .description(COMPARE)
    .usage('[options] -- <command...>')
    .argument('<command...>', 'the program and its arguments, behind --')
    .option('-n, --runs <n>', 'how often each way; default: 3', runs)
    .option('--json', 'as JSON')
    .addHelpText('after', COMPARE_NOTES)
    .action(async (command: string[], options: object) => {
      const { compare } = await import('./compare.ts');
      ended(await compare(command, options));
    });
}

function pageCommand(ended: (code: number) => void): Command {
  return new Command('page')
    .summary('show what the cache of a running process does')
    .description(PAGE)
    .argument('<address>', 'of the page, such as http://localhost:9000/cache')
    .option('--json', 'as JSON')
    .addHelpText('after', PAGE_NOTES)
    .action(async (address: string, options: object) => {
      const { showPage } = await import('./page.ts');
      ended(await showPage(address, options));
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
  sub('stats', 'what is there of each function, and of each version of its code')
    .option('--namespace <name>', 'only of this one, of which pools may have one', namespace)
    .action(async (dir: string, options: object) =>
      ended(await (await cache()).stats(dir, options)),
    );
  sub('prune', 'remove what was not used for longest, until these limits hold')
    .option('--max-size <size>', 'most bytes in use, such as 500mb', size)
    .option('--max-age <duration>', 'how long after it was stored, such as 12h or 30d', timespan)
    .option('--max-entries <n>', 'most entries', wholeNumber)
    .action(async (dir: string, options: DiskLimits) =>
      ended(await (await cache()).prune(dir, options)),
    );
  sub('clear', 'remove everything, or all of one function or namespace')
    .option('-f, --function <id>', 'as stats shows it; with @version, only that version')
    .option('--namespace <name>', 'all of this namespace, or the function in it', namespace)
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

function runs(text: string): number {
  if (wholeNumber(text) > 0) return Number(text);
  throw new InvalidArgumentError('It must be 1 or more.');
}

function namespace(text: string): string {
  if (text !== '' && isNamespace(text)) return text;
  throw new InvalidArgumentError(
    `It must be at most ${LONGEST_NAMESPACE} letters, digits, and . _ -`,
  );
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
