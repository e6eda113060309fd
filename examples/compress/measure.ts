/**
 * One run: opens a contestant, has all requests answered, and takes the time of it. The start of
 * the worker threads counts, the end of them does not. Every output's digest is kept and compared.
 * And before the runs, an estimate of how long they will take.
 */

import { createHash } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { brotliCompressSync } from 'node:zlib';
import type { Contestant, Counts } from './contestants.ts';
import { type SourceFile, totalBytes, workDown } from './work.ts';

export interface Work {
  readonly requests: readonly SourceFile[];
  readonly clients: number;
  readonly threads: number;
}

export interface Measured extends Counts {
  readonly requests: number;
  readonly wallMs: number;
  /** Of the whole process: all worker threads and the main thread. */
  readonly cpuMs: number;
  readonly bytesOut: number;
}

/** Called after each answer. */
export type OnAnswer = (answered: number, computations: number) => void;

export async function measure(
  open: (threads: number) => Promise<Contestant>,
  work: Work,
  outputs: Outputs,
  onAnswer: OnAnswer,
): Promise<Measured> {
  const cpu = process.cpuUsage();
  const start = performance.now();
  const contestant = await open(work.threads);
  let requests = 0;
  let bytesOut = 0;
  try {
    await workDown(work.requests, work.clients, async ({ path, content }) => {
      const output = await contestant.compress(content);
      outputs.compare(path, output);
      bytesOut += output.length;
      onAnswer(++requests, contestant.counts().computations);
    });
    const wallMs = performance.now() - start;
    const { user, system } = process.cpuUsage(cpu);
    const cpuMs = (user + system) / 1000;
    return { requests, wallMs, cpuMs, bytesOut, ...contestant.counts() };
  } finally {
    await contestant.close();
  }
}

/** The first output of each file, in whichever run, and the files with an output unlike it. */
export class Outputs {
  readonly #digests = new Map<string, string>();
  readonly differing = new Set<string>();

  compare(path: string, output: Uint8Array): void {
    const digest = createHash('sha256').update(output).digest('hex');
    const first = this.#digests.get(path);
    if (first === undefined) this.#digests.set(path, digest);
    else if (first !== digest) this.differing.add(path);
  }
}

const sampleMs = 500;

/**
 * Milliseconds for all runs: the first compresses every request, the others every file once; but the
 * last nothing, if its results are stored.
 */
export function estimate(
  files: readonly SourceFile[],
  { requests, threads }: Work,
  stored: boolean,
): number {
  const bytes = totalBytes(requests) + totalBytes(files) * (stored ? 1 : 2);
  return (bytes * msPerByte(files)) / Math.min(threads, availableParallelism());
}

function msPerByte(files: readonly SourceFile[]): number {
  const start = performance.now();
  let bytes = 0;
  for (const { content } of files) {
    // Quality 11 is Brotli's default.
    brotliCompressSync(content);
    bytes += content.length;
    if (performance.now() - start > sampleMs) break;
  }
  return (performance.now() - start) / bytes;
}
