/** Fake timers leave the pool dead, or hung when the real ones are back; or its time jumps with theirs. */

import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { TimeoutError } from 'threadmemo';
import { afterEach, expect, test, vi } from 'vitest';
import { variants } from '../effort.ts';
import { counted, fresh, lift, reaches } from '../fixtures/counters-and-gates.ts';
import { gated } from '../fixtures/gated.ts';
import { increment, nested, nextDay } from '../fixtures/quick.ts';
import { open, rejection } from './open.ts';

const EVERYTHING = [
  ...['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'],
  ...['setImmediate', 'clearImmediate', 'queueMicrotask', 'Date', 'performance', 'hrtime'],
] as unknown as NonNullable<Parameters<typeof vi.useFakeTimers>[0]>['toFake'];

function fake(): void {
  vi.useFakeTimers({ toFake: EVERYTHING as never, now: 0 });
}

afterEach(() => void vi.useRealTimers());

/** More at once than there are threads, some of them nested, and each asked for twice. */
async function works(name: string): Promise<void> {
  const calls = Array.from({ length: 20 }, (_, n) => increment(n, fresh(name)));
  expect(await Promise.all(calls)).toEqual(calls.map((_, n) => n + 1));
  expect(await nested(5, name)).toHaveLength(6);
}

test('a pool that was open before: while they are installed, and after that', async () => {
  const pool = await open({ threads: 2 });
  await works('before');
  for (const round of [1, 2]) {
    fake();
    await works(`fake ${round}`);
    vi.advanceTimersByTime(100_000);
    await works(`later ${round}`);
    vi.useRealTimers();
    await works(`real ${round}`);
  }
  fake();
  await pool.close();
});

test('a pool that is opened meanwhile, and closed after that', async () => {
  fake();
  const pool = await open({ threads: 2 });
  await works('fake');
  vi.useRealTimers();
  await works('real');
  await pool.close();
});

test('the time of the pool is the real one: nothing expires, and no caller is timed out, by theirs', async () => {
  fake();
  await open({ threads: 1 });
  const [gate, cell] = [fresh('gate'), fresh('kept')];
  const day = new Date(2030, 1, 1);
  expect(await nextDay(day, cell)).toEqual(new Date(2030, 1, 2));
  const waits = gated.with({ timeout: '1h' })(gate);
  await reaches(`${gate}:started`, 1);
  await vi.advanceTimersByTimeAsync(10 * 3600_000);
  vi.setSystemTime(new Date('2099-01-01'));
  // What `new Date()` makes now is a date like any other.
  expect(await nextDay(new Date(2030, 1, 1), cell)).toEqual(new Date(2030, 1, 2));
  expect(counted(cell)).toBe(1);
  lift(gate);
  expect((await waits).nth).toBe(1);
  // And a real millisecond passes although theirs stands still.
  expect(await rejection(gated.with({ timeout: 1 })(fresh('never')))).toBeInstanceOf(TimeoutError);
});

test.each(variants(['before', 'node:test'], 1))('in a process of its own: %s', async (how) => {
  const program = fileURLToPath(new URL('app/fake-timers.mjs', import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, [program, how]);
  expect(stdout).toBe('1 2 3 4 1 1\n');
});
