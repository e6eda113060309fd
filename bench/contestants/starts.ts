/** Who has only just begun? Programs that import and make one call, measured from outside, in processes of their own. */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { built } from '../functions/built.js';
import type { Closable, Contestant } from '../scenario.ts';

/** Milliseconds; `Cpu`: of processors, which other programs hardly change. */
export interface Imports {
  readonly main: number;
  readonly mainCpu: number;
  /** In a worker: above one that does nothing. */
  readonly worker: number;
  readonly workerCpu: number;
}

export interface FirstAnswer {
  readonly ms: number;
  readonly cpu: number;
}

export interface Start extends Closable {
  imports(): Promise<Imports>;
  /** Files that the import loads, dependencies included. */
  files(): Promise<number>;
  /** From the start of a process to the answer of its first call. */
  firstAnswer(): Promise<FirstAnswer>;
}

/** Of each: others who want the processor only make it longer. */
const TRIES = 3;

const run = promisify(execFile);
const fileOf = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const importing = fileOf('../functions/start/import.js');
const calling = fileOf('../functions/start/first-answer.js');

/** @param module what is imported. @param name by which the program knows what it calls */
function start(module: string, name: string): Start {
  return {
    imports: () => leastOf(() => importsOf(module)),
    files: () => filesLoadedBy(module),
    firstAnswer: () => leastOf(() => answerOf(name)),
    close: async () => {},
  };
}

/** Of each number the least. */
async function leastOf<T extends object>(measure: () => Promise<T>): Promise<T> {
  const least: Record<string, number> = {};
  for (let n = 0; n < TRIES; n++)
    for (const [name, value] of Object.entries(await measure()))
      least[name] = Math.min(value, least[name] ?? Number.POSITIVE_INFINITY);
  return least as T;
}

async function importsOf(module: string): Promise<Imports> {
  const { stdout } = await run(process.execPath, [importing, module]);
  return JSON.parse(stdout);
}

async function answerOf(name: string): Promise<FirstAnswer> {
  const begun = performance.now();
  const child = spawn(process.execPath, [calling, name], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [printed] = await once(child.stdout, 'data');
  const ms = performance.now() - begun;
  const { answer, cpu } = JSON.parse(printed);
  if (answer !== 2) throw new Error(`${name} has answered ${answer}`);
  await once(child, 'exit');
  return { ms, cpu };
}

/** V8 counts what it runs of each file, and so says which there were. */
async function filesLoadedBy(module: string): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), 'threadmemo-bench-start-'));
  const env = { ...process.env, NODE_V8_COVERAGE: folder };
  await run(process.execPath, ['--eval', `import(${JSON.stringify(module)})`], { env });
  const [file = ''] = await readdir(folder);
  const { result } = JSON.parse(await readFile(join(folder, file), 'utf8'));
  await rm(folder, { recursive: true });
  return (result as { url: string }[]).filter(({ url }) => url.startsWith('file:')).length;
}

function contestant(name: string, what: string, subject: () => Start): Contestant<Start> {
  return { name, what, cannot: {}, open: async () => subject() };
}

export const piscinaStart = (): Start => start(import.meta.resolve('piscina'), 'piscina');

export const starts: readonly Contestant<Start>[] = [
  contestant('piscina', 'Piscina alone', piscinaStart),
  contestant('threadmemo', 'threadmemo, with a Piscina of its own', () =>
    start(built('index'), 'threadmemo'),
  ),
];
