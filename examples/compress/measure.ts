/**
 * One run: opens a contestant, has all requests answered, and takes the time of it. The start of
 * the worker threads counts, the end of them does not. Every output's digest is kept and compared.
 */

import { createHash } from 'node:crypto';
import type { Contestant, Counts } from './contestants.ts';
import { workDown } from './load.ts';
import type { SourceFile } from './select.ts';

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
