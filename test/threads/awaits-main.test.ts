/** What a computation awaits needs one that is in the queue, and the coordinator knows of no connection. */

import { expect, onTestFinished, test } from 'vitest';
import { asksMain } from '../fixtures/asks-main.ts';
import { fresh } from '../fixtures/counters-and-gates.ts';
import { increment } from '../fixtures/quick.ts';
import { open } from './open.ts';

test.each([0, 30])('in all threads, which it has kept for %i ms before', async (ms) => {
  await open({ threads: 2 });
  const channel = fresh('asks-main');
  const port = new BroadcastChannel(channel);
  onTestFinished(() => port.close());
  port.onmessage = async (event) => {
    const { asks } = (event as { data: { asks?: number } }).data;
    if (asks !== undefined) port.postMessage({ answers: asks, value: await increment(asks) });
  };
  const calls = [1, 2, 3, 4].map((n) => asksMain(channel, n, ms));
  expect(await Promise.all(calls)).toEqual([2, 3, 4, 5]);
});
