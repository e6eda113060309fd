/** A signal that many calls share costs warnings, or leaves some waiting; what was let go blocks others. */

import { expect, onTestFinished, test } from 'vitest';
import { inFull } from '../effort.ts';
import { together } from '../fixtures/blocking.ts';
import { counted, fresh, lift, reaches } from '../fixtures/counters-and-gates.ts';
import { abortsMany, forgetful, forgetfulAndBusy, gated } from '../fixtures/gated.ts';
import { increment } from '../fixtures/quick.ts';
import { openForAll, rejection, until } from './open.ts';

openForAll({ threads: 2 });

test('one signal for 1,000 calls: all are rejected with its reason, and nothing is warned of', async () => {
  const warnings: Error[] = [];
  const warn = (warning: Error) => void warnings.push(warning);
  process.on('warning', warn);
  onTestFinished(() => void process.off('warning', warn));
  const gate = fresh('many');
  const going = new AbortController();
  const limited = gated.with({ signal: going.signal });
  const calls = Array.from({ length: 1000 }, (_, n) => rejection(limited(`${gate}-${n % 100}`)));
  const reason = new Error('enough');
  going.abort(reason);
  for (const each of await Promise.all(calls)) expect(each).toBe(reason);
  // Warnings are emitted in a turn of their own.
  await new Promise((resolve) => setImmediate(resolve));
  expect(warnings).toEqual([]);
});

test('the same in a thread', async () => {
  const got = await abortsMany(fresh('many'), 1000);
  expect(got).toEqual({ reasons: 1000, already: 'enough', warnings: 0 });
});

test('a signal that has aborted already: rejected, and nothing is computed', async () => {
  const gate = fresh('already');
  lift(gate);
  const signal = AbortSignal.abort('too late');
  const { computations, misses, hits } = gated.stats();
  expect(await rejection(gated.with({ signal })(gate))).toBe('too late');
  expect(gated.stats()).toMatchObject({ computations, misses, hits });
  await gated(gate);
  expect(await rejection(gated.with({ signal })(gate))).toBe('too late');
  expect(counted(`${gate}:started`)).toBe(1);
});

test.runIf(inFull)(
  'a computation that was let go of is answered to others, and its thread is free afterwards',
  async () => {
    const gates = [fresh('let-go'), fresh('let-go')];
    const over = gates.map((gate) => forgetful(gate));
    await Promise.all(gates.map((gate) => reaches(`${gate}:started`, 1)));
    expect(await Promise.all(over)).toEqual(['done already', 'done already']);
    // Both threads are still occupied; who wants the same only waits for it.
    const joined = gates.map((gate) => gated(gate));
    const queued = increment(41);
    for (const gate of gates) lift(gate);
    for (const each of await Promise.all(joined)) expect(each.nth).toBe(1);
    expect(await queued).toBe(42);

    const both = fresh('free');
    const threads = await Promise.all([0, 1].map((n) => together(both, n, 2)));
    expect(new Set(threads).size).toBe(2);
    await until(() => gates.every((gate) => gated.has(gate)));
  },
);

test('what an abandoned computation has let go of ends, when that learns of it after its own end', async () => {
  const gate = fresh('let-go');
  const going = new AbortController();
  const goes = rejection(forgetfulAndBusy.with({ signal: going.signal })(gate));
  await reaches(`${gate}:asked`, 1);
  going.abort('enough');
  expect(await goes).toBe('enough');
  // The coordinator has let the call leave by then.
  await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
  lift(`${gate}:end`);
  await reaches(`${gate}:let-go`, 1);
});
