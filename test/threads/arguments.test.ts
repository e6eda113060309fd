/** Arguments are not what they were at the time of the call; a wrong one or a wrong key goes unnoticed. */

import { KeyError } from 'threadmemo';
import { describe, expect, test } from 'vitest';
import { encodeArgs } from '../../dist/src/values/args.js';
import { gated } from '../../workers/gated.ts';
import {
  changesArguments,
  echoes,
  keyed,
  passesFunction,
  weighs,
  weighsNested,
} from '../../workers/passed.ts';
import { counted, fresh, lift, reaches } from '../../workers/shared.ts';
import { openForAll, rejection } from './open.ts';

openForAll({ threads: 1 });

/** Keeps the only thread busy until the result is called: what is called meanwhile waits. */
async function busy(): Promise<() => void> {
  const gate = fresh('busy');
  void gated(gate);
  await reaches(`${gate}:started`, 1);
  return () => lift(gate);
}

describe('changed right after the call', () => {
  test('on the main thread', async () => {
    const cell = fresh('changed');
    const free = await busy();
    const list = [1, 2];
    const bytes = Buffer.from('abc');
    const pending = [echoes(list, cell), echoes({ bytes }, `${cell}-bytes`)];
    list.push(3);
    bytes.fill(0);
    free();
    const [first, second] = await Promise.all(pending);
    expect(first).toEqual([1, [1, 2]]);
    expect(second).toEqual([1, { bytes: Buffer.from('abc') }]);

    expect(await echoes([1, 2], cell)).toEqual([1, [1, 2]]);
    expect(echoes.has(list, cell)).toBe(false);
    expect(await echoes(list, cell)).toEqual([2, [1, 2, 3]]);
  });

  test('in a thread', async () => {
    const cell = fresh('changed');
    expect(await changesArguments(cell)).toEqual([
      [1, [1, 2]],
      [1, [1, 2]],
      [2, [1, 2, 3]],
    ]);
  });
});

describe('a small Buffer out of the pool', () => {
  test('arrives as a Buffer with its own memory', async () => {
    const small = Buffer.from('abc');
    expect(small.buffer.byteLength).toBeGreaterThan(3);
    const weight = { name: 'Buffer', length: 3, memory: 3 };
    expect(await weighs(small)).toEqual(weight);
    expect(await weighsNested('def')).toEqual({ ...weight });
    expect(await weighs(new Uint8Array(3))).toEqual({ ...weight, name: 'Uint8Array' });
  });

  test('is not sent with the whole pool', () => {
    const encoded = encodeArgs([{ small: Buffer.from('abc') }]) as { bytes: Uint8Array };
    expect(encoded.bytes.buffer.byteLength).toBeLessThan(100);
  });

  test('1 MB arrives whole', async () => {
    const large = Buffer.alloc(1 << 20, 'threadmemo');
    const [nth, value] = await echoes(large, fresh('large'));
    expect(nth).toBe(1);
    expect(Buffer.isBuffer(value) && value.equals(large)).toBe(true);
  });
});

describe('an argument that cannot cross', () => {
  test('rejects the call, names its path, and computes nothing', async () => {
    const cell = fresh('refused');
    const error = await rejection(echoes({ conn: () => 1 }, cell));
    expect(error).toBeInstanceOf(KeyError);
    expect(error).toMatchObject({ code: 'ERR_THREADMEMO_KEY', path: 'args[0].conn' });
    expect(error.message).toContain('args[0].conn is a function');
    expect(counted(cell)).toBe(0);
  });

  test('the same in a thread', async () => {
    const cell = fresh('refused');
    const code = 'ERR_THREADMEMO_KEY';
    expect(await passesFunction(cell)).toEqual({ name: 'KeyError', path: 'args[0].conn', code });
    expect(counted(cell)).toBe(0);
  });

  test('whoever asks for it is told at once', async () => {
    const conn = () => 1;
    for (const ask of [echoes.peek, echoes.has, echoes.key]) {
      expect(() => ask({ conn }, 'x')).toThrow(KeyError);
    }
    expect(await rejection(echoes.invalidate({ conn }, 'x'))).toBeInstanceOf(KeyError);
  });

  class Row {}
  test.each([
    ['a class instance', { rows: [new Row()] }, 'args[0].rows[0]', /an instance of Row/],
    ['a symbol', [Symbol('s')], 'args[0][0]', /a symbol/],
    [
      'a promise',
      new Map([['a', Promise.resolve()]]),
      expect.stringContaining('args[0]'),
      /Promise/,
    ],
    ['shared memory', new SharedArrayBuffer(8), 'args[0]', /SharedArrayBuffer/],
  ])('%s', async (_, value, path, message) => {
    const error = await rejection(echoes(value, 'x'));
    expect(error).toBeInstanceOf(KeyError);
    expect(error).toMatchObject({ path });
    expect(error.message).toMatch(message);
  });
});

describe('key', () => {
  test('says what matters: other arguments share the value', async () => {
    const cell = fresh('key');
    const all = [keyed({ id: 1, note: 'a' }, cell), keyed({ id: 1, note: 'b' }, cell)];
    expect(await Promise.all(all)).toEqual([
      [1, 'a'],
      [1, 'a'],
    ]);
    expect(await keyed({ id: '1', note: 'c' }, cell)).toEqual([2, 'c']);
    expect(keyed.has({ id: 1, note: 'd' }, cell)).toBe(true);
    await keyed.invalidate({ id: 1 }, cell);
    expect(keyed.peek({ id: 1, note: 'a' }, cell)).toBe(undefined);
  });

  test('may leave out what cannot cross, where nothing is to be computed', async () => {
    const cell = fresh('key');
    const error = await rejection(keyed({ id: 1, note: () => 1 }, cell));
    expect(error).toBeInstanceOf(KeyError);
    expect(error).toMatchObject({ path: 'args[0].note' });
    await keyed({ id: 1, note: 'a' }, cell);
    expect(await keyed({ id: 1, note: () => 1 }, cell)).toEqual([1, 'a']);
    expect(counted(cell)).toBe(1);
  });

  test('that throws rejects the call with its own error', async () => {
    const cell = fresh('key');
    const id = new RangeError('no id');
    expect(await rejection(keyed({ id }, cell))).toBe(id);
    expect(await rejection(keyed.with({ timeout: '1m' })({ id }, cell))).toBe(id);
    expect(await rejection(keyed.invalidate({ id }, cell))).toBe(id);
    for (const ask of [keyed.peek, keyed.has, keyed.key])
      expect(() => ask({ id }, cell)).toThrow(id);
    expect(counted(cell)).toBe(0);
  });

  test('that cannot be one is refused with its path', async () => {
    const error = await rejection(keyed({ id: { by: () => 1 } }, fresh('key')));
    expect(error).toBeInstanceOf(KeyError);
    expect(error).toMatchObject({ path: 'key(...)[0].by' });
  });
});
