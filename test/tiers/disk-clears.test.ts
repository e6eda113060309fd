/** Thousands of functions that are cleared at one moment keep the event loop until all is asked. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { diskTier } from '../../build/src/disk.js';
import { Turnstile as BuiltTurnstile } from '../../build/src/order/turnstile.js';
import { IN_A_TURN, Turnstile } from '../../src/order/turnstile.ts';

test('a few pass in a turn, in their order, and none is left', async () => {
  const turnstile = new Turnstile();
  let turn = 0;
  const next = () => new Promise<void>((resolve) => setImmediate(resolve));
  const passed: { n: number; turn: number }[] = [];
  for (let n = 0; n < 3 * IN_A_TURN; n++) {
    const pass = turnstile.pass();
    expect(pass === undefined).toBe(n < IN_A_TURN);
    void (pass ?? Promise.resolve()).then(() => passed.push({ n, turn }));
  }
  await Promise.resolve();
  for (turn = 1; passed.length < 3 * IN_A_TURN; turn++) await next();
  expect(passed.map(({ n }) => n)).toEqual(Array.from({ length: 3 * IN_A_TURN }, (_, n) => n));
  for (let at = 0; at < 3; at++) {
    expect(passed.filter(({ turn }) => turn === at).length).toBeLessThanOrEqual(IN_A_TURN);
  }
  await next();
  await next();
  expect(turnstile.pass()).toBeUndefined();
});

test('what comes while others wait passes after them', async () => {
  const turnstile = new Turnstile();
  const order: number[] = [];
  for (let n = 0; n <= IN_A_TURN; n++) void turnstile.pass()?.then(() => order.push(n));
  void turnstile.pass()?.then(() => order.push(-1));
  for (let turns = 0; turns < 3; turns++) await new Promise((resolve) => setImmediate(resolve));
  expect(order).toEqual([IN_A_TURN, -1]);
});

test('functions of a disk tier are cleared so', async () => {
  const path = mkdtempSync(join(tmpdir(), 'threadmemo-clears-'));
  const tier = diskTier({ path });
  onTestFinished(async () => {
    await tier.close();
    rmSync(path, { recursive: true, maxRetries: 20, retryDelay: 10 });
  });
  const pass = vi.spyOn(BuiltTurnstile.prototype, 'pass');
  const functions = Array.from({ length: IN_A_TURN + 1 }, (_, n) => `app/page.js#page ${n}`);
  await Promise.all(functions.map((id) => tier.clear(id)));
  expect(pass.mock.results.map(({ value }) => value === undefined)).toEqual(
    functions.map((_, n) => n < IN_A_TURN),
  );
});
