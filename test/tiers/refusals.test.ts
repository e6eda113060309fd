/** What a server refuses: counted, and warned of once for each kind. */

import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Warnings } from '../../src/text/warnings.ts';
import { refusalOf } from '../../src/tiers/redis/refusal.ts';
import { Refusals } from '../../src/tiers/refusals.ts';
import { FakeClock } from '../fake-clock.ts';

const warnings: string[] = [];
beforeEach(() => {
  warnings.length = 0;
  vi.spyOn(process, 'emitWarning').mockImplementation((text) => void warnings.push(String(text)));
});
afterEach(() => vi.restoreAllMocks());

const full = new Error('OOM command not allowed');
const replica = new Error("READONLY You can't write against a read only replica.");

test('one warning for each kind, until what was refused works, and at most one a minute', () => {
  const clock = new FakeClock();
  const refusals = new Refusals('Redis', refusalOf, new Warnings(clock));
  for (let n = 0; n < 3; n++) refusals.note('set', full);
  refusals.note('store', full);
  refusals.note('set', replica);
  expect(warnings).toEqual([
    expect.stringContaining('refuses (OOM command not allowed)'),
    expect.stringContaining('READONLY'),
  ]);
  clock.advance(120_000);
  // That something else works says nothing.
  refusals.worked('get');
  refusals.note('set', full);
  expect(warnings).toHaveLength(2);
  refusals.worked('set');
  refusals.worked('store');
  refusals.note('set', full);
  expect(warnings).toHaveLength(3);
  refusals.worked('set');
  refusals.note('set', full);
  expect(warnings).toHaveLength(3);
  expect(refusals.count).toBe(8);
});

test('what Redis refuses is distinguished from what happens to its connections', () => {
  const inScript =
    'ERR Error running script (call to f_1): @user_script:8: @user_script: 8: -OOM no';
  const kinds = ['WRONGPASS invalid', 'ERR unknown', inScript, 'NOSCRIPT No matching', 'closed'];
  expect(kinds.map((message) => refusalOf(new Error(message)))).toEqual([
    ...['WRONGPASS', 'ERR', 'OOM', undefined, undefined],
  ]);
  expect(refusalOf(new Error('connect ECONNREFUSED 127.0.0.1:1'))).toBeUndefined();
  expect(refusalOf('OOM')).toBeUndefined();
});
