/** What --help says of each sub-command, beside its arguments. */

import { Exit } from './ended.ts';

export const MAP =
  'Runs a function over JSON lines (NDJSON), on all cores. Equal inputs are computed once, as long as ' +
  'their results are in --memory or in --cache. ' +
  'The function is an export of the module: one that was memoized with memoize(), or a plain one. ' +
  'Each line of the input is its one argument; each line of the output is one result, in the order ' +
  'of the input.';

export const MAP_NOTES = `
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

--redis: the URL may have a password in it, and the command line is seen by all users of the machine.
So it can be the first line of a file (--redis-file), or stand in the environment (THREADMEMO_REDIS).

--memory: what no longer fits goes, the least used first, and is computed again if it comes again,
unless --cache or --redis has it. A result larger than a quarter of it is not kept in memory.

--out: results are in <file>.<run>.partial, which no other run writes to, until they are complete;
those of a run that has ended early are in <file>.partial. Of several runs with one --out, each writes
all results, and the last to end leaves its own. A file that is there already keeps its mode, its
owner and its other names; links are followed; a read-only file is refused. The input cannot be the
output.

--cache: results that could not be stored, because the disk is full, are counted in the summary, and
in "notStored" of the report.

--json: the report goes to the standard output if the results go to --out, else to the standard error.
`;

export const EXPLAIN =
  'Says what the directory of --cache, or of a diskTier(), has for a call: a fresh or a stale record; or why a ' +
  'call would find nothing. It computes nothing, and the record does not count as used.';

export const EXPLAIN_NOTES = `
Example:
  threadmemo explain ./features.js#extract '"doc-17.md"' --cache .cache
      a text needs its quotes: the input is JSON

Reasons:
  expired       the record is still there, and of no use any more
  tag           one of its tags, or what it depends on, was invalidated
  code changed  the record is of other code: the files and packages that differ are listed
  never         not stored, or removed since; the argument is shown in which the most similar call that has
                a record differs. Arguments that are too long to stand in a key are not compared
  unreadable    the record is damaged

Start it as the program that fills the cache is started: in a folder from which the same packages are found,
with the same --conditions and version of Node, because these are part of the code's version.
`;

export const COMPARE =
  'Runs a program with its cache and without it (THREADMEMO_OFF=1: every call computes), several times in ' +
  'turn, and prints time on the wall and processor time, medians and spread; then the report of the last ' +
  'run with the cache: which memos pay, and what to change.';

export const COMPARE_NOTES = `
Example:
  threadmemo compare --runs 5 -- node build.js --production

The program gets no input, and what it prints to its standard output is left out. It must end by itself, with code 0. The
processor time is that of all its Node processes. A persistent cache is filled by the first run.
`;

export const CACHE = 'Looks at the directory of --cache, or of a diskTier(), and makes it smaller.';

export const CACHE_NOTES = `
Examples:
  threadmemo cache stats .cache
  threadmemo cache prune .cache --max-size 500mb --max-age 30d
  threadmemo cache clear .cache --function 'my-app/features.js#extract'

A program may go on using the directory meanwhile. Results of older code stay beside those of the
present code, as versions of their own, until they are pruned.
`;

export const PAGE =
  'Prints what the page of a running process shows at this moment: findings, functions, what is in flight and ' +
  'what it waits for, and tiers. The process has put the page there with statusPage() of threadmemo/page; ' +
  'a browser shows the same address, and goes on showing it.';

export const PAGE_NOTES = `
Examples:
  threadmemo page localhost:9000/cache
  watch npx threadmemo page http://user:password@service/cache
`;

export const EXIT_CODES = `
Exit codes:
  ${Exit.done}    done
  ${Exit.failed}    a line has failed; or \`cache verify\` has found damage
  ${Exit.unusable}    it could not be done: wrong usage, module, cache, Redis, input or output
  ${Exit.interrupted.SIGINT}  interrupted (Ctrl-C); ${Exit.interrupted.SIGTERM} if it was asked to end (SIGTERM)
  ${Exit.unread}  the reader of the results has gone, as in \`| head\`
`;
