/**
 * Blocking, awaiting and forking calls in each other, callers that go away, and threads that are
 * killed: all callers are answered, the values are right, and nothing is computed twice but what is
 * counted. `SEED=` replays a run.
 */

import { expect, onTestFinished, test } from 'vitest';
import { cases, variants } from '../effort.ts';
import { hasLoaded } from '../fixtures/counters-and-gates.ts';
import { awaits, blocks, blocksToo, does, expected, forks } from '../fixtures/recurrence.ts';
import { open } from './open.ts';

const ways = [blocks, blocksToo, awaits, forks, does];
const seed = Number(process.env['SEED'] ?? Date.now() % 2 ** 31);

function generator(start: number): (below: number) => number {
  let state = start;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

const rounds: [threads: number, kills: number][] = [
  [3, 0],
  [2, 1],
  [1, 0],
  [2, 0],
];
test.each(variants(rounds, 2))(
  `in %i threads, of which %i are killed each round (seed ${seed})`,
  async (threads, kills) => {
    const alive = new Map<number, import('node:worker_threads').Worker>();
    const seen = (worker: import('node:worker_threads').Worker) => {
      alive.set(worker.threadId, worker);
      worker.once('exit', () => alive.delete(worker.threadId));
    };
    process.on('worker', seen);
    onTestFinished(() => void process.off('worker', seen));
    const random = generator(seed + threads);
    const pool = await open({ threads, attempts: 1_000_000 });

    for (let run = 0; run < cases(4); run++) {
      const calls = Array.from({ length: 12 }, async () => {
        const [n, way] = [1 + random(120), ways[random(ways.length)] ?? does];
        const abort = new AbortController();
        const leaves = random(3) === 0;
        const value = way.with({ signal: abort.signal })(n, run);
        const turns = random(200);
        if (leaves) for (let turn = 0; turn < turns; turn++) await new Promise(setImmediate);
        if (leaves) abort.abort(new Error('enough'));
        const outcome = await value.catch((error: Error) => error.message);
        expect(leaves ? [expected(n), 'enough'] : [expected(n)]).toContain(outcome);
      });
      const victims = [...alive.values()].filter(({ threadId }) => hasLoaded(threadId));
      if (victims.length > 0)
        for (let left = kills; left > 0; left--) void victims[random(victims.length)]?.terminate();
      await Promise.all(calls);
    }
    const { computations, entries, duplicates, lost, cancelled, errors } = pool.stats();
    const accounted = entries + duplicates + lost + cancelled + errors;
    // What goes on though no caller waits any more is in the first number only.
    expect(computations).toBeGreaterThanOrEqual(entries);
    expect(computations).toBeLessThanOrEqual(accounted + threads);
  },
);
