/** What is uncaught in a thread that computes nothing is swallowed, and calls are only slow. */

import { WorkerLostError } from 'threadmemo';
import { beforeEach, expect, onTestFinished, test } from 'vitest';
import { inFull, variants } from '../effort.ts';
import { fresh, lift, reaches } from '../fixtures/counters-and-gates.ts';
import { hangs } from '../fixtures/hanging.ts';
import { increment } from '../fixtures/quick.ts';
import { dies, leavesBehind } from '../fixtures/thread-killers.ts';
import { open, rejection, until } from './open.ts';

interface ProcessWarning extends Error {
  readonly code?: string;
  readonly detail?: string;
}

let warnings: ProcessWarning[];

beforeEach(() => {
  const add = (warning: Error) => warning.name === 'ThreadmemoWarning' && warnings.push(warning);
  warnings = [];
  process.on('warning', add);
  onTestFinished(() => void process.off('warning', add));
});

const ONE = 'THREADMEMO_THREAD_DIED';
const MANY = 'THREADMEMO_THREADS_KEEP_DYING';

const ends = [
  ['rejection', 'Error: left behind by rejection', /thread-killers\.js/],
  ['event', 'Error: left behind by event', /thread-killers\.js/],
  ['exit', 'Error: the thread exited with code 3', undefined],
  ['odd', '{ status: 404 }', undefined],
] as const;
test.each(variants(ends, 1))(
  'a thread that dies by %s after the answer: one warning says of what',
  async (how, reason, place) => {
    const pool = await open({ threads: 1 });
    expect(await leavesBehind(1, how)).toBe(1);
    await until(() => warnings.length === 1);
    expect(warnings[0]).toMatchObject({ code: ONE });
    expect(warnings[0]?.message).toBe(
      `a worker thread died, and no call has failed with it: ${reason}`,
    );
    if (place) expect(warnings[0]?.detail).toMatch(place);
    expect(pool.stats()).toMatchObject({ uncaught: 1, threadsLost: 1, errors: 0 });
  },
);

test.runIf(inFull)(
  'threads that die at every call: two warnings meanwhile, the second says what to do; the rest is counted',
  async () => {
    const pool = await open({ threads: 1 });
    for (let n = 0; n < 6; n++) expect(await leavesBehind(n, 'rejection')).toBe(n);
    await until(() => pool.stats().uncaught === 6);
    await until(() => warnings.length === 2);
    expect(warnings.map(({ code }) => code)).toEqual([ONE, MANY]);
    expect(warnings[1]?.message).toMatch(
      /again and again, 3 times .*: Error: left behind by rejection\. .*await every promise/,
    );
    expect(warnings[1]?.detail).toMatch(/thread-killers\.js/);
    await pool.close();
    await until(() => warnings.length === 4);
    expect(warnings[2]?.message).toMatch(/^once more/);
    expect(warnings[3]?.message).toMatch(/^3 more times .* 6 times by now/);
    expect(warnings.slice(2).map(({ code }) => code)).toEqual([ONE, MANY]);
  },
);

test.runIf(inFull)(
  'no warning: for a death that fails a call, for a thread that we end, and at close()',
  async () => {
    const pool = await open({ threads: 1, attempts: 1 });
    const gate = fresh('dies');
    lift(gate);
    expect(await rejection(dies(gate, 'error'))).toBeInstanceOf(WorkerLostError);
    const [name, going] = [fresh('hung'), new AbortController()];
    const hung = rejection(hangs.with({ signal: going.signal })(name, 'busy'));
    await reaches(`${name}:started`, 1);
    going.abort('enough');
    expect(await hung).toBe('enough');
    expect(await increment(1)).toBe(2);
    expect(pool.stats()).toMatchObject({ threadsLost: 2, uncaught: 0 });
    await pool.close();
    await new Promise((resolve) => setImmediate(resolve));
    expect(warnings).toEqual([]);
  },
);
