/** Warnings tell everything that matters, and are no flood; what others wrote cannot play terminal. */

import { beforeEach, expect, test, vi } from 'vitest';
import { printable, printableLines } from '../src/text/printable.ts';
import { Warnings } from '../src/text/warnings.ts';
import { FakeClock } from './fake-clock.ts';

let said: string[];
beforeEach(() => {
  said = [];
  vi.spyOn(process, 'emitWarning').mockImplementation((text) => void said.push(String(text)));
});

test('a failure that repeats is warned of at once, and then counted, ever more rarely', () => {
  const clock = new FakeClock();
  const warnings = new Warnings(clock);
  const failFor = (minutes: number) => {
    for (let n = 0; n < minutes * 60; n++) {
      warnings.warn('store', `the store fails (${n})`);
      clock.advance(1000);
    }
  };
  failFor(1);
  expect(said).toEqual([
    'the store fails (0)',
    '59 more times since the last warning of this kind: the store fails (59)',
  ]);
  failFor(2);
  expect(said).toHaveLength(3);
  expect(said[2]).toBe('120 more times since the last warning of this kind: the store fails (119)');
  failFor(24 * 60);
  // 4, 8, 16 and 32 minutes, and then an hour each.
  expect(said.length).toBeLessThanOrEqual(3 + 4 + 24);
});

test('what was quiet for the whole pause is warned of at once again', () => {
  const clock = new FakeClock();
  const warnings = new Warnings(clock);
  warnings.warn('store', 'first');
  clock.advance(60_000);
  warnings.warn('store', 'second');
  expect(said).toEqual(['first', 'second']);
});

test('one topic does not keep back the warnings of another; their number is bounded', () => {
  const warnings = new Warnings(new FakeClock());
  for (let n = 0; n < 5000; n++) warnings.warn(`topic ${n}`, `${n}`);
  expect(said).toHaveLength(101);
});

test('what was left out is warned of when it ends', () => {
  const clock = new FakeClock();
  const warnings = new Warnings(clock);
  for (const text of ['first', 'second', 'third']) warnings.warn('store', text);
  warnings.close();
  clock.advance(3600_000);
  expect(said).toEqual(['first', '2 more times since the last warning of this kind: third']);
});

test('a message of a server moves no cursor and adds no line; a stack keeps its lines', () => {
  const evil = 'a\u001b[2Jb\r\nERROR all is lost\u009b31m\u202eback\u0000';
  expect(printable(evil)).toBe('a\\u001b[2Jb\\r\\nERROR all is lost\\u009b31m\\u202eback\\u0000');
  expect(printableLines('Error: x\n\tat y\u001b[0m')).toBe('Error: x\n\tat y\\u001b[0m');
  expect(printable('Grüße, 世界 👋')).toBe('Grüße, 世界 👋');
  new Warnings(new FakeClock()).warn('store', evil);
  expect(said[0]).toBe(printable(evil));
});

test('a message as long as a page is cut', () => {
  new Warnings(new FakeClock()).warn('store', 'x'.repeat(1_000_000));
  expect(said[0]?.length).toBeLessThan(3000);
});

test('the detail is given to Node as such', () => {
  new Warnings(new FakeClock()).warn('thread', 'a thread has died', 'Error: x\n    at y');
  expect(process.emitWarning).toHaveBeenCalledWith('a thread has died', {
    type: 'ThreadmemoWarning',
    detail: 'Error: x\n    at y',
  });
});
