/** Results and errors as text. */

import { describe, expect, test } from 'vitest';
import { messageOf, wordsOf } from '../../src/cli/error-words.ts';
import { toJson } from '../../src/cli/json.ts';
import { failed } from '../../src/cli/outcome.ts';
import { ofItself, withItsLine } from '../../src/cli/result-line.ts';
import { importHint } from '../../src/runtime/import-module.ts';

describe('a result', () => {
  test.each([
    [undefined, 'null'],
    [-0, '0'],
    [{ at: -0, none: undefined }, '{"at":0}'],
    // biome-ignore lint/suspicious/noSparseArray: it is what is tested
    [[undefined, , 1], '[null,null,1]'],
    [[new Date(0)], '["1970-01-01T00:00:00.000Z"]'],
  ])('%j is what a reader expects of JSON', (value, text) => {
    expect(toJson(value)).toBe(text);
  });

  test.each([
    [{ a: [1, Number.NaN] }, /the result\.a\[1\], which is NaN/],
    [new Map(), /which is a Map/],
    [[1n], /the result\[0\], which is a bigint/],
  ])('%o is refused', (value, message) => {
    expect(() => toJson(value)).toThrow(message);
  });
});

describe('an error', () => {
  test.each([
    [{ name: 'X', message: 10n }, 'X', '10'],
    [{ name: 7, message: { why: null } }, 'Error', '{ why: null }'],
    [{ name: 'X', message: Symbol('odd') }, 'X', 'Symbol(odd)'],
    [Object.create(null), 'Error', '[Object: null prototype] {}'],
    [{ status: 404 }, 'Error', '{ status: 404 }'],
    [null, 'Error', 'null'],
    ['text', 'Error', 'text'],
    [new RangeError('too many'), 'RangeError', 'too many'],
    [new Error(''), 'Error', ''],
  ])('%o that was thrown has a name and a message', (thrown, name, message) => {
    expect(wordsOf(thrown)).toMatchObject({ name, message });
    expect(messageOf(thrown)).toBe(message);
    const outcome = failed(thrown);
    expect(JSON.parse(ofItself(outcome))).toEqual({ error: { name, message } });
    expect(JSON.parse(withItsLine(3, outcome))).toEqual({ line: 3, error: { name, message } });
  });

  test('whose stack is no text has none', () => {
    expect(wordsOf({ message: 'odd', stack: 5 }).stack).toBeUndefined();
  });

  test('and what helps are two sentences', () => {
    const cause = { code: 'ERR_UNKNOWN_FILE_EXTENSION' };
    expect(`Unknown file extension ".ts" for a.ts${importHint(cause)}`).toMatch(/a\.ts\. Install/);
    expect(importHint(new Error('another'))).toBe('');
  });
});
