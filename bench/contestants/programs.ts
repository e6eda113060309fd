/** Who is a program of its own? It reads a file of lines and writes another. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { built } from '../functions/built.js';
import { type Closable, type Contestant, threads } from '../scenario.ts';

export const lines = 1_000_000;
export const distinct = 1000;
/** Milliseconds that computing all of them takes one thread, see `functions/line-spin.js`. */
export const computingMs = distinct * 2;

let input: string | undefined;

/** The path of a file of them, made once, and removed when the process ends. */
export function inputFile(): string {
  if (input !== undefined) return input;
  const folder = mkdtempSync(join(tmpdir(), 'threadmemo-bench-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  input = join(folder, 'lines.ndjson');
  // A prime, so that neighbours are not neighbours in the file.
  const numbers = Array.from({ length: lines }, (_, n) => `${(n * 7919) % distinct}\n`);
  writeFileSync(input, numbers.join(''));
  return input;
}

export interface Program extends Closable {
  /** Milliseconds from its start to its end. @throws {Error} when it fails */
  run(input: string, output: string): Promise<number>;
}

/** @param argsOf what Node is given for an input and an output */
function program(
  name: string,
  what: string,
  argsOf: (input: string, output: string) => readonly string[],
): Contestant<Program> {
  const run: Program['run'] = async (input, output) => {
    const begun = performance.now();
    const child = spawn(process.execPath, argsOf(input, output), { stdio: 'inherit' });
    const [code] = await once(child, 'exit');
    if (code !== 0) throw new Error(`${name} has ended with ${code}`);
    return performance.now() - begun;
  };
  return { name, what, cannot: {}, open: async () => ({ run, close: async () => {} }) };
}

function fileOf(path: string): string {
  return fileURLToPath(new URL(path, import.meta.url));
}

/** Up to the input. */
const command = [
  fileURLToPath(built('cli/main')),
  'map',
  `${fileOf('../functions/line-spin.js')}#twice`,
  '--quiet',
  '--threads',
  String(threads),
];

const reads = program(
  'ideal',
  'a program that only reads and writes the lines, plus the computing',
  (input, output) => [fileOf('../functions/lines.js'), 'only', input, output],
);

/**
 * What cannot be saved: the lines read and written by a program that computes nothing, and then the
 * computing, on all threads without a pause.
 */
const ideal: Contestant<Program> = {
  ...reads,
  async open(setup) {
    const opened = await reads.open(setup);
    const run: Program['run'] = async (input, output) =>
      (await opened.run(input, output)) + computingMs / setup.threads;
    return { ...opened, run };
  },
};

const byHand = program(
  'by hand',
  'Piscina, a Map by line, results in order; keeps every line and its result for ever',
  (input, output) => [fileOf('../functions/lines.js'), 'by-hand', input, output],
);

/** With memory only. */
const threadmemoMap = program('threadmemo map', 'the command', (input, output) => [
  ...command,
  input,
  '--out',
  output,
]);

/** With a cache on disk, which is empty each time. */
const threadmemoMapCache = program(
  'threadmemo map --cache',
  'the command, with a new cache directory: leases and records for all that is computed',
  (input, output) => {
    const cache = `${output}.cache`;
    rmSync(cache, { recursive: true, force: true });
    return [...command, input, '--out', output, '--cache', cache];
  },
);

export const programs: readonly Contestant<Program>[] = [
  ideal,
  byHand,
  threadmemoMap,
  threadmemoMapCache,
];
