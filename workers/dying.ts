/** Functions that take their threads down. */

import { threadId } from 'node:worker_threads';
import { memoize } from 'threadmemo';
import type { Answers, Run } from './gated.ts';
import { arrive, count } from './shared.ts';

const here = import.meta.url;

export type Death = 'exit' | 'error' | 'rejection' | 'memory';

/** Takes its thread down, after the gate. */
export const dies = memoize(here, async function dies(gate: string, how: Death): Promise<never> {
  count(`${gate}:started`);
  await arrive(gate);
  return end(how);
});

/** Takes its thread down the first time, and answers after that. */
export const diesOnce = memoize(here, async function diesOnce(gate: string): Promise<Run> {
  const nth = count(`${gate}:started`);
  await arrive(gate);
  if (nth === 1) await end('exit');
  return { nth, thread: threadId };
});

/** Never returns. */
async function end(how: Death): Promise<never> {
  if (how === 'exit') process.exit(3);
  if (how === 'memory') {
    // In small pieces: Node ends the thread at its limit, but the process if one piece goes far beyond.
    for (let hoard: unknown = null; ; ) hoard = { hoard };
  }
  const error = new Error('a stray error');
  if (how === 'rejection') void Promise.reject(error);
  else setImmediate(() => throwIt(error));
  return new Promise(() => {});
}

function throwIt(error: Error): never {
  throw error;
}

/** Calls `diesOnce` from its own thread; counts `<gate>:asked` when the coordinator knows of it. */
export const callsDiesOnce = memoize(
  here,
  async function callsDiesOnce(gate: string, caller: string): Promise<Answers<Run>> {
    const pending = diesOnce(gate);
    diesOnce.has(gate);
    count(`${gate}:asked`);
    count(`${gate}:${caller}`);
    return { thread: threadId, answers: [await pending] };
  },
);
