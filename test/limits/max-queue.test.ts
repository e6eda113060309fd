/**
 * A call is refused by `maxQueue` although a thread is about to take it: one that sleeps, is being
 * woken, starts, is being replaced, or only waits for another computation.
 */

import { MessagePort, Worker } from 'node:worker_threads';
import { QueueFullError } from 'threadmemo';
import { expect, onTestFinished, test, vi } from 'vitest';
import { mapTier } from '../../src/tiers/map-tier.ts';
import { inFull, variants } from '../effort.ts';
import { forksAndWaits } from '../fixtures/blocking.ts';
import { fresh, lift, reaches } from '../fixtures/counters-and-gates.ts';
import { gated } from '../fixtures/gated.ts';
import { hangs } from '../fixtures/hanging.ts';
import { dies } from '../fixtures/thread-killers.ts';
import { open, rejection, until } from '../threads/open.ts';

/** How often threads were told to rest since, in all. */
function rests(): () => number {
  const spy = vi.spyOn(MessagePort.prototype, 'postMessage');
  onTestFinished(() => spy.mockRestore());
  return () => spy.mock.calls.filter(([said]) => said?.type === 'rest').length;
}

/** So many calls at once begin; one more is refused. */
async function takesExactly(threads: number): Promise<void> {
  const gates = Array.from({ length: threads }, () => fresh('burst'));
  const burst = gates.map((gate) => gated(gate));
  expect(await rejection(gated(fresh('too many')))).toBeInstanceOf(QueueFullError);
  for (const gate of gates) lift(gate);
  expect(await Promise.all(burst)).toHaveLength(threads);
}

for (const threads of variants([3, 1], 1)) {
  test(`maxQueue 0: ${threads} threads take ${threads} calls while they start, and after each pause`, async () => {
    const told = rests();
    const pool = await open({ threads, maxQueue: 0 });
    for (const pause of [1, 2, 3]) {
      await takesExactly(threads);
      await until(() => told() === pause * threads);
    }
    expect(pool.stats()).toMatchObject({ computations: 3 * threads, queued: 0 });
  });
}

test('maxQueue 0: a tier that is asked first changes nothing', async () => {
  const told = rests();
  await open({ threads: 2, maxQueue: 0, tiers: [mapTier()] });
  for (const pause of [1, 2]) {
    await takesExactly(2);
    await until(() => told() === pause * 2);
  }
});

test('maxQueue 0: the thread that replaces a dead one takes a call', async () => {
  await open({ threads: 1, maxQueue: 0, attempts: 1 });
  for (const how of ['exit', 'error'] as const) {
    const gate = fresh('dies');
    lift(gate);
    await rejection(dies(gate, how));
    await takesExactly(1);
  }
});

test.runIf(inFull)(
  'maxQueue 0: a call that comes while a hung thread is being ended is taken by the next',
  async () => {
    await open({ threads: 1, maxQueue: 0, attempts: 1 });
    const terminate = vi.spyOn(Worker.prototype, 'terminate');
    onTestFinished(() => terminate.mockRestore());
    const [name, going] = [fresh('hung'), new AbortController()];
    const hung = rejection(hangs.with({ signal: going.signal })(name, 'busy'));
    await reaches(`${name}:started`, 1);
    going.abort('enough');
    expect(await hung).toBe('enough');
    const called = new Promise<void>((resolve) => {
      terminate.mockImplementationOnce(function (this: Worker) {
        resolve(takesExactly(1));
        return Worker.prototype.terminate.call(this);
      });
    });
    await called;
  },
);

test('maxQueue 0: what the only thread forks, and waits for, is computed there', async () => {
  const told = rests();
  await open({ threads: 1, maxQueue: 0 });
  for (const pause of [1, 2]) {
    const [thread, forked] = await forksAndWaits(fresh('forked'));
    expect(forked).toBe(thread);
    await until(() => told() === pause);
  }
});
