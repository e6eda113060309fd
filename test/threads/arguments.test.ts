/** Arguments are not what they were at the time of the call; a wrong one or a wrong key goes unnoticed. */

import { KeyError } from 'threadmemo';
import { describe, expect, test } from 'vitest';
import { encodeArgs } from '../../build/src/values/args.js';
import {
  changesArguments,
  changing,
  chooses,
  choosesNested,
  echoes,
  keyed,
  keyedNested,
  knows,
  numbered,
  passesChanging,
  passesFunction,
  returns,
  returnsKeyed,
  weighs,
  weighsNested,
} from '../fixtures/argument-kinds.ts';
import { counted, fresh, lift, reaches } from '../fixtures/counters-and-gates.ts';
import { gated } from '../fixtures/gated.ts';
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

describe('an argument that answers something else each time it is read', () => {
  test.each(['returns', 'returnsKeyed'] as const)('%s, on the main thread', async (how) => {
    const cell = fresh('changing');
    const asked = how === 'returns' ? returns : returnsKeyed;
    const [, sent] = (await asked(changing(), cell)) as [number, { readonly n: number }];
    expect(await asked({ n: sent.n }, cell)).toEqual([1, sent]);
    for (const n of [0, 1, 2, 3, 4, 5]) {
      expect((await asked({ n }, cell))[1]).toEqual({ n });
    }
  });

  test.each(['returns', 'returnsKeyed'] as const)('%s, in a thread', async (how) => {
    expect(await passesChanging(how, fresh('changing'))).toEqual([]);
  });

  test('in lists, maps and errors', async () => {
    const rows: (() => unknown)[] = [
      () => Object.defineProperty([0], 0, { enumerable: true, get: () => next() }),
      () => new Map([['row', { list: [changingBy(() => next())] }]]),
      () => Object.defineProperty(new Error('x'), 'message', { get: () => `m${next()}` }),
      () => [changingBy(() => next()), changingBy(() => next())],
    ];
    let last = 0;
    const next = () => last++;
    for (const make of rows) {
      const cell = fresh('changing');
      const [, sent] = await returns(make(), cell);
      expect(await returns(sent, cell)).toEqual([1, sent]);
      expect(counted(cell)).toBe(1);
    }
  });

  test('a getter that changes another argument, or asks for the very same', async () => {
    const cell = fresh('changing');
    const other = { n: 0 };
    const changes = {
      get x() {
        other.n++;
        return 1;
      },
    };
    const [, sent] = await returns([other, changes, other], cell);
    expect(await returns(sent, cell)).toEqual([1, sent]);
    const asks = {
      get n() {
        void returns({ n: 7 }, cell);
        return 7;
      },
    };
    expect(await returns(asks, cell)).toEqual([2, { n: 7 }]);
  });

  test('methods of its own do not count, because its copy has none', async () => {
    const own = (value: object, name: string, answer: unknown) =>
      Object.defineProperty(value, name, {
        value: typeof answer === 'number' ? answer : () => answer,
      });
    for (const [odd, plain] of [
      [Object.defineProperty(new Date(1), 'getTime', { value: () => 2 }), new Date(1)],
      [Object.defineProperty(/a/g, 'source', { value: 'b' }), /a/g],
      [own(Object(1), 'valueOf', 'x'), Object(1)],
    ]) {
      const cell = fresh('own');
      await returns(odd, cell);
      expect((await returns(plain, cell))[0]).toBe(1);
    }
    const lies = own(Buffer.from('abc'), 'byteLength', 0);
    expect(await rejection(returns(lies, 'x'))).toBeInstanceOf(KeyError);
  });

  test("a key that knows objects by identity is asked about the caller's own", async () => {
    const cell = fresh('identity');
    const [one, two] = [{ a: 1 }, { a: 1 }];
    knows(one, 1);
    knows(two, 2);
    expect(await Promise.all([numbered(one, cell), numbered(two, cell)])).toEqual([1, 2]);
    expect(await numbered(one, cell)).toBe(1);
    const huge = { a: 1, ids: new Set(Array.from({ length: 300_000 }, (_, id) => id)) };
    knows(huge, 3);
    expect(await numbered(huge, cell)).toBe(3);
  });
});

function changingBy(next: () => number): { readonly n: number } {
  return Object.defineProperty({ n: 0 }, 'n', { enumerable: true, get: next });
}

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

  test('a call that asks for it fails at once', async () => {
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

  test('does not make arguments right that cannot cross, cached or not', async () => {
    const cell = fresh('key');
    class Database {}
    const wrong = [
      () => 1,
      { deep: [new Map([['db', new Database()]])] },
      new SharedArrayBuffer(8),
    ];
    const refusals = async () => {
      const errors = wrong.map((note) => rejection(keyed({ id: 1, note }, cell)));
      const inThread = await keyedNested({ id: 1, note: 'uncloneable' }, cell);
      return [...(await Promise.all(errors)).map(({ message }) => message), inThread];
    };
    const before = await refusals();
    expect(counted(cell)).toBe(0);
    expect(before[0]).toMatch(
      /^args\[0\]\.note is a function.*key option chooses what tells calls/,
    );
    expect(before[1]).toContain('args[0].note.deep[0].get("db") is an instance of Database');
    expect(before[3]).toBe(before[0]);
    await keyed({ id: 1, note: 'a' }, cell);
    expect(await refusals()).toEqual(before);
    expect(() => keyed.peek({ id: 1, note: () => 1 }, cell)).toThrow(KeyError);
    expect(await keyed({ id: 1, note: new Map([[{ a: [/x/] }, new Set([1n])]]) }, cell)).toEqual([
      1,
      'a',
    ]);
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

  test('that chooses nothing is refused on every thread, and computes nothing', async () => {
    const cell = fresh('key');
    const error = await rejection(chooses({}, cell));
    expect(error).toBeInstanceOf(KeyError);
    expect(error.message).toContain('key(...) is undefined');
    expect(await choosesNested(cell)).toBe(error.message);
    expect(() => chooses.peek({ id: Number.NaN }, cell)).toThrow(/key\(\.\.\.\) is NaN/);
    expect(counted(cell)).toBe(0);
  });
});
