/**
 * Functions that wait at a gate until the test lifts it, and those that call them.
 *
 * A `gate` is a name from `shared.ts`: the function counts `<gate>:started`, and goes no further
 * until the gate is open. A `caller` only keeps calls apart that would else be one.
 */

import { threadId } from 'node:worker_threads';
import { memoize } from 'threadmemo';
import { increment } from './quick.ts';
import { arrive, count } from './shared.ts';

const here = import.meta.url;

/** Which of its computations this is, and where it ran. */
export interface Run {
  readonly nth: number;
  readonly thread: number;
}

/** What a caller in a worker thread got. */
export interface Answers<T> {
  readonly thread: number;
  readonly answers: T[];
}

export const gated = memoize(here, async function gated(gate: string): Promise<Run> {
  const nth = count(`${gate}:started`);
  await arrive(gate);
  return { nth, thread: threadId };
});

/** Calls `gated` many times at once; counts `<gate>:asked` when the coordinator knows of all calls. */
export const crowd = memoize(
  here,
  async function crowd(gate: string, calls: number, _caller: string): Promise<Answers<Run>> {
    const pending = Array.from({ length: calls }, () => gated(gate));
    // Answered in order: what was claimed before has been heard then.
    gated.has(gate);
    count(`${gate}:asked`);
    return { thread: threadId, answers: await Promise.all(pending) };
  },
);

/** Waits at the gate, and only then calls `increment`. */
export const incrementsLater = memoize(
  here,
  async function incrementsLater(gate: string, n: number, cell: string): Promise<number> {
    count(`${gate}:started`);
    await arrive(gate);
    return increment(n, cell);
  },
);

/**
 * Calls `gated` twice, and goes away from the first call or from both, when `<gate>:leave` is open;
 * counts `<gate>:gone` then.
 */
export const impatient = memoize(
  here,
  async function impatient(gate: string, goes: 'by signal' | 'by timeout' | 'altogether') {
    const going = new AbortController();
    const limits = goes === 'by timeout' ? { timeout: 1 } : { signal: going.signal };
    const first = gated.with(limits)(gate);
    const second = goes === 'altogether' ? gated.with(limits)(gate) : gated(gate);
    gated.has(gate);
    count(`${gate}:asked`);
    await arrive(`${gate}:leave`);
    going.abort(new Error('lost patience'));
    const gone = await first.catch((error: Error) => `${error.name}: ${error.message}`);
    count(`${gate}:gone`);
    return { gone, stayed: await second.catch(() => undefined) };
  },
);

/** Lets go of a computation without waiting for it. */
export const forgetful = memoize(here, async function forgetful(gate: string): Promise<string> {
  void gated(gate);
  return 'done already';
});

/** One signal for many calls, in a thread; the reasons that there were, and how many of each. */
export const abortsMany = memoize(
  here,
  async (gate: string, calls: number) => {
    const going = new AbortController();
    let warnings = 0;
    process.on('warning', () => warnings++);
    const limited = gated.with({ signal: going.signal });
    const pending = Array.from({ length: calls }, (_, n) => limited(`${gate}-${n % 10}`));
    const settled = Promise.allSettled(pending);
    gated.has(gate);
    going.abort('enough');
    const reasons = (await settled).map((each) => 'reason' in each && each.reason);
    const already = await limited(gate).catch((reason: unknown) => reason);
    return { reasons: reasons.filter((each) => each === 'enough').length, already, warnings };
  },
  { name: 'abortsMany', ttl: 0 },
);
