/** A function's module is loaded in a thread; if it cannot be, the call fails and says why. */

import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { LoadError } from 'threadmemo';
import { describe, expect, test } from 'vitest';
import { inFull } from '../effort.ts';
import { counted, fresh, lift, reaches } from '../fixtures/counters-and-gates.ts';
import * as conditional from '../fixtures/main-thread-only.ts';
import { increment, whereAmI } from '../fixtures/quick.ts';
import * as unloadable from '../fixtures/unloadable.ts';
import { loadsLater } from '../fixtures/unloadable-once.ts';
import { asks } from '../fixtures/where.ts';
import { typed } from './app/typed.ts';
import { open, openForAll, rejection } from './open.ts';

const fails = unloadable.unreachable as unknown as (n: number) => Promise<unknown>;

describe('in one thread', () => {
  openForAll({ threads: 1 });

  test.each([
    ['does not define it there', conditional, /does not memoize/],
    ['throws there', unloadable, /could not load/],
  ])('the module %s', async (_, module, reason) => {
    const [fn] = Object.values(module) as ((n: number) => Promise<unknown>)[];
    const error = await rejection((fn as (n: number) => Promise<unknown>)(1));
    expect(error).toBeInstanceOf(LoadError);
    expect(error.message).toMatch(reason);
  });

  test.runIf(inFull)(
    'a module of TypeScript, in a program that was started without a loader',
    async () => {
      expect(await typed(1)).toBe('1');
    },
  );
});

test('a thread that could not load a module once is replaced at the next call', async () => {
  const pool = await open({ threads: 1 });
  // Another module's function is there before, and is not lost.
  const before = await whereAmI('before');
  expect(await rejection(loadsLater(1))).toBeInstanceOf(LoadError);
  expect(await whereAmI('still there')).toBe(before);
  expect(await loadsLater(2)).toBe(3);
  expect(await whereAmI('after')).not.toBe(before);
  expect(counted('unloadable-once:loaded')).toBe(2);
  expect(pool.stats()).toMatchObject({ threadsLost: 1, lost: 0, uncaught: 0 });
});

test('a thread that something else is computed in is not replaced', async () => {
  const pool = await open({ threads: 1 });
  const gate = fresh('busy');
  // It waits for a call: its thread takes what comes meanwhile, on the slowest machine, too.
  const busy = asks('main', gate, 'call', 'busy');
  await reaches(`${gate}:started`, 1);
  const calls = [1, 2, 3].map((n) => rejection(fails(n)));
  for (const error of await Promise.all(calls)) expect(error).toBeInstanceOf(LoadError);
  lift(gate);
  expect((await busy).got.nth).toBe(1);
  expect(counted(`${gate}:asking`)).toBe(1);
  expect(pool.stats()).toMatchObject({ lost: 0, threadsLost: 0 });
});

test.runIf(inFull)(
  'a module that is broken for good: every call says so, and few threads are replaced for it',
  async () => {
    const pool = await open({ threads: 2, attempts: 1 });
    const loaded = counted('unloadable:loaded');
    for (let n = 0; n < 300; n++) expect(await rejection(fails(100 + n))).toBeInstanceOf(LoadError);
    expect(await increment(1)).toBe(2);
    // With pauses from 20 ms to 30 s, each twice as long as the last, 20 would take four minutes.
    expect(counted('unloadable:loaded') - loaded).toBeLessThan(20);
    expect(pool.stats().threadsLost).toBeLessThan(20);
  },
);

test.runIf(inFull)('a moment without file descriptors passes', async () => {
  const program = fileURLToPath(new URL('app/few-files.mjs', import.meta.url));
  const run = `ulimit -n 256; exec "${process.execPath}" "${program}"`;
  const { stdout } = await promisify(execFile)('sh', ['-c', run]);
  expect(stdout).toBe('failed: ERR_THREADMEMO_LOAD\nanswered: 10 of 10\n');
});
