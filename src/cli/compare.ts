/**
 * `threadmemo compare -- <command>`: a program with its cache and without it, several times in turn. What
 * counts is the time on the wall, and the processor time of all its Node processes.
 */

import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from '../runtime/globals.ts';
import { printableLines } from '../text/printable.ts';
import { Exit, Unusable } from './ended.ts';
import { onInterruption } from './interruption.ts';
import { print } from './print.ts';
import { tell } from './tell.ts';
import { duration } from './wording.ts';

export interface CompareCommand {
  readonly runs?: number;
  readonly json?: boolean;
}

interface Run {
  readonly wallMs: number;
  readonly cpuMs: number;
}

interface Series {
  readonly with: readonly Run[];
  readonly without: readonly Run[];
  /** Of the last run with the cache. */
  readonly report: { readonly text: string } | undefined;
}

const RUNS = 3;
const LONGEST_SAID = 2000;

/** Every process of the program writes what it has used when it ends; its threads have no part in that. */
const MEASURE = `
import { appendFileSync } from 'node:fs';
import { isMainThread } from 'node:worker_threads';
const file = process.env.THREADMEMO_COMPARE;
if (isMainThread && file) process.on('exit', () => {
  const { user, system } = process.cpuUsage();
  try { appendFileSync(file, (user + system) + '\\n'); } catch {}
});`;

/** @throws {Unusable} when the program cannot be started, or fails. */
export async function compare(
  command: readonly string[],
  { runs = RUNS, json = false }: CompareCommand,
): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'threadmemo-compare-'));
  try {
    const series = await measured(command, runs, folder, !json);
    const text = json ? JSON.stringify(series) : wordsOf(series);
    return (await print(text)) ? Exit.done : Exit.unread;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function measured(
  command: readonly string[],
  runs: number,
  folder: string,
  says: boolean,
): Promise<Series> {
  const [on, off]: [Run[], Run[]] = [[], []];
  const report = join(folder, 'report.json');
  for (let nth = 1; nth <= runs; nth++) {
    if (says) tell(`run ${nth} of ${runs}, with the cache and without`);
    on.push(await run(command, folder, { THREADMEMO_OFF: '0', THREADMEMO_REPORT: report }));
    off.push(await run(command, folder, { THREADMEMO_OFF: '1', THREADMEMO_REPORT: '0' }));
  }
  return { with: on, without: off, report: reportIn(report) };
}

async function run(
  [program = '', ...args]: readonly string[],
  folder: string,
  env: NodeJS.ProcessEnv,
): Promise<Run> {
  const used = join(folder, 'used');
  rmSync(used, { force: true });
  const measure = `--import=data:text/javascript,${encodeURIComponent(MEASURE)}`;
  const { NODE_OPTIONS: options = '' } = process.env;
  const own = { ...env, THREADMEMO_COMPARE: used, NODE_OPTIONS: `${options} ${measure}`.trim() };
  const since = performance.now();
  const child = spawn(program, args, {
    env: { ...process.env, ...own },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const quiet = onInterruption((signal) => child.kill(signal));
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text) => {
    said = (said + text).slice(-LONGEST_SAID);
  });
  try {
    const code = await new Promise<number | string | null>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (status, signal) => resolve(status ?? signal));
    });
    const wallMs = performance.now() - since;
    if (code !== 0) throw failed(code, env, said);
    return { wallMs, cpuMs: cpuIn(used) };
  } catch (error) {
    throw error instanceof Unusable
      ? error
      : new Unusable(`cannot run ${program}: ${String(error)}`);
  } finally {
    quiet();
  }
}

function failed(code: number | string | null, env: NodeJS.ProcessEnv, said: string): Unusable {
  const how = env['THREADMEMO_OFF'] === '1' ? 'without the cache' : 'with the cache';
  return new Unusable(
    `the program has ended with ${code} ${how}, and said:\n${printableLines(said)}`,
  );
}

/** Milliseconds of all processes that have said so. */
function cpuIn(file: string): number {
  try {
    const lines = readFileSync(file, 'utf8').trim().split('\n');
    return lines.reduce((sum, line) => sum + Number(line) / 1000, 0);
  } catch {
    return 0;
  }
}

function reportIn(file: string): Series['report'] {
  try {
    const found = JSON.parse(readFileSync(file, 'utf8'));
    return Array.isArray(found) ? found.at(-1) : found;
  } catch {
    return undefined;
  }
}

function wordsOf({ with: on, without: off, report }: Series): string {
  const rows = [
    rowOf('wall time', on, off, ({ wallMs }) => wallMs),
    rowOf('CPU time', on, off, ({ cpuMs }) => cpuMs),
  ];
  const said =
    report?.text ?? 'The program has opened no pool of threadmemo: there is nothing to report.';
  const title = `median of ${on.length}`.padEnd(14);
  const header = `${title}${'with the cache'.padEnd(28)}${'without (THREADMEMO_OFF=1)'.padEnd(28)}`;
  return [header.trimEnd(), ...rows, '', said].join('\n');
}

function rowOf(
  name: string,
  on: readonly Run[],
  off: readonly Run[],
  of: (run: Run) => number,
): string {
  const [a, b] = [on.map(of), off.map(of)];
  const [fast, slow] = [medianOf(a), medianOf(b)];
  const times = fast > 0 ? slow / fast : 1;
  const verdict =
    times >= 1 ? `${times.toFixed(2)} times less` : `${(1 / times).toFixed(2)} times more`;
  return `${name.padEnd(14)}${spread(a).padEnd(28)}${spread(b).padEnd(28)}${verdict}`;
}

/** '1.2s (1.1s to 1.3s)' */
function spread(times: readonly number[]): string {
  const [least, most] = [Math.min(...times), Math.max(...times)];
  return `${duration(medianOf(times))} (${duration(least)} to ${duration(most)})`;
}

function medianOf(times: readonly number[]): number {
  const sorted = [...times].sort((a, b) => a - b);
  const half = sorted.length >> 1;
  const [below = 0, middle = 0] = [sorted[half - 1], sorted[half]];
  return sorted.length % 2 === 1 ? middle : (below + middle) / 2;
}
