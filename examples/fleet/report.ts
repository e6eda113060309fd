/** What is printed: a column for each phase, and what to make of it. */

import Table from 'cli-table3';
import { count, paint } from '../wording.ts';
import type { Outage, Phase } from './phases.ts';

export interface Phases {
  readonly well: Phase;
  readonly killed: Phase;
  readonly stopped: Outage;
}

export function printIntroduction(processes: number, redis: string): void {
  console.log(`
${paint('bold', 'threadmemo: one computation in the whole fleet')}

${processes} processes draw tiles of the Mandelbrot set, over one Redis at ${redis}.
Every 50 ms six visitors want the same tile, from one process each in turn.
`);
}

export function printPhase(what: string): void {
  console.log(paint('dim', `  ... ${what}`));
}

export function printTable({ well, killed, stopped }: Phases): void {
  const phases = [well, killed, stopped];
  const head = ['', 'all is well', 'one killed', 'Redis stopped'];
  const table = new Table({
    head: head.map((name) => paint('bold', name)),
    colAligns: ['left', 'right', 'right', 'right'],
    style: { head: [], border: [], compact: true },
  });
  table.push(...Object.entries(rows).map(([name, of]) => [name, ...phases.map(of)]));
  console.log(`\n${table}`);
}

const rows: Record<string, (phase: Phase) => string> = {
  requests: ({ answers }) => count(answers.requests),
  answered: ({ answers }) => count(answers.answered),
  'asked of another process again': ({ answers }) => count(answers.askedAgain),
  'different tiles': ({ answers }) => count(answers.tiles.size),
  'computations, if each had its own cache': ({ answers }) => count(answers.wantedIn.size),
  'computations in the fleet': ({ computations }) => count(computations.all),
  '  lost with a process': ({ computations }) => count(computations.lost),
  '  duplicates': ({ computations }) => count(computations.duplicates),
  'median latency (ms)': ({ answers }) => milliseconds(answers.latencies, 0.5),
  '99 % within (ms)': ({ answers }) => milliseconds(answers.latencies, 0.99),
  'longest (ms)': ({ answers }) => milliseconds(answers.latencies, 1),
};

function milliseconds(latencies: readonly number[], part: number): string {
  const sorted = [...latencies].sort((a, b) => a - b);
  const value = sorted[Math.ceil(part * sorted.length) - 1] ?? 0;
  return value < 10 ? value.toFixed(1) : count(value);
}

export function findFaults({ well, killed, stopped }: Phases): string[] {
  const faults: string[] = [];
  for (const { answers } of [well, killed, stopped]) {
    const { requests, answered, differing } = answers;
    if (answered < requests) faults.push(`${requests - answered} requests were not answered`);
    if (differing.size > 0) faults.push(`tiles had different answers: ${[...differing].join(' ')}`);
  }
  const duplicates = duplicatesWithRedis({ well, killed });
  if (duplicates > 0) {
    faults.push(
      `${duplicates} tiles were computed twice. If other programs keep this machine busy, Redis ` +
        'may have looked as if it was away (a warning says so): run it again.',
    );
  }
  return faults;
}

function duplicatesWithRedis({ well, killed }: Pick<Phases, 'well' | 'killed'>): number {
  return well.computations.duplicates + killed.computations.duplicates;
}

export function printVerdict({ well, killed, stopped }: Phases, outageMs: number): void {
  const requests = [well, killed, stopped].reduce((sum, { answers }) => sum + answers.requests, 0);
  const duplicates = duplicatesWithRedis({ well, killed });
  const verdict = `duplicates while Redis was there: ${duplicates}; answered: all of ${count(requests)} requests`;
  console.log(`
${paint('bold', paint('green', verdict))}

One killed: what it was computing, another process computed again, and who waited for
it waited until its lease had run out, some seconds. The requests that it had open
went to another process, as a load balancer has it.

Redis stopped for ${outageMs / 1000} s: no request failed. Those that had asked it gave up after a second
(\`timeout\`); after that it was not asked, and each process computed for itself, hence the duplicates.
${count(stopped.backAfter)} ms after Redis went on, all processes used it again; they forgot what they
had, because they may have missed that it was invalidated.

Read next: examples/fleet/tile.ts and service.ts; then README.md.
`);
}
