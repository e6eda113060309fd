import { isDeepStrictEqual, types } from 'node:util';
import { describe, expect, test } from 'vitest';
import { CycleError, KeyError, MemoError, OptionError, ValueError } from '../../src/errors.ts';
import { Codec } from '../../src/protocol.ts';
import { decodeThrown, encodeThrown } from '../../src/values/thrown.ts';
import { errorNames } from './recipes.ts';

const crossed = <T>(thrown: T) => decodeThrown(encodeThrown(thrown)) as T;

describe('an error arrives as it was thrown', () => {
  test.each(errorNames)('%s', (name) => {
    const make = (globalThis as unknown as Record<string, new (...args: unknown[]) => Error>)[name];
    const error =
      name === 'AggregateError' ? new AggregateError([1], 'm') : new (make ?? Error)('m');
    const arrived = crossed(error);
    expect(types.isNativeError(arrived)).toBe(true);
    expect(isDeepStrictEqual(arrived, error)).toBe(true);
    expect(arrived.stack).toBe(error.stack);
    expect(encodeThrown(error).codec).toBe(Codec.thrown);
  });

  test('with code, cause, errors and own fields', () => {
    const inner = Object.assign(new RangeError('inner'), {
      code: 'E_INNER',
      at: new Map([[1, 2]]),
    });
    const error = new AggregateError([inner, 'text'], 'outer', { cause: inner });
    Object.assign(error, { code: 'E_OUTER', errno: -2, path: Buffer.from('x'), name: 'Outer' });
    expect(isDeepStrictEqual(crossed(error), error)).toBe(true);
    expect((crossed(error).cause as Error).stack).toBe(inner.stack);
  });

  test('a class of its own becomes the nearest builtin class, with the name', () => {
    class HttpError extends TypeError {
      override readonly name = 'HttpError';
      readonly status = 404;
      get code() {
        return 'E_HTTP';
      }
    }
    const arrived = crossed(new HttpError('m'));
    expect(Object.getPrototypeOf(arrived)).toBe(TypeError.prototype);
    expect(arrived).toMatchObject({ name: 'HttpError', message: 'm', status: 404, code: 'E_HTTP' });
    expect(Object.hasOwn(arrived, 'name')).toBe(true);
  });

  test('an error without a stack gets none', () => {
    const error = new Error('m');
    Reflect.deleteProperty(error, 'stack');
    expect(crossed(error).stack).toBeUndefined();
  });

  test('fields that cannot cross are left out and named, the others kept', () => {
    const error = Object.assign(new Error('m'), {
      socket: () => {},
      status: 1,
      deep: { bad: Symbol('x') },
    });
    expect({ ...crossed(error) }).toEqual({ status: 1, lostFields: ['socket', 'deep'] });
  });

  test('every catcher has one of its own', () => {
    const encoded = encodeThrown(Object.assign(new Error('m'), { list: [1] }));
    const [one, two] = [decodeThrown(encoded), decodeThrown(encoded)] as { list: number[] }[];
    one?.list.push(2);
    expect(two?.list).toEqual([1]);
  });
});

describe("threadmemo's own errors keep their class", () => {
  test('with everything they know', () => {
    const details = { functionId: 'a#f', key: '(s1:a', path: 'args[0]', cycle: ['a', 'b', 'a'] };
    const error = new CycleError('m', { ...details, cause: new KeyError('inner', { path: 'p' }) });
    const arrived = crossed(error);
    expect(arrived).toBeInstanceOf(CycleError);
    expect(arrived).toMatchObject({ ...details, code: 'ERR_THREADMEMO_CYCLE', name: 'CycleError' });
    expect(arrived.cause).toBeInstanceOf(KeyError);
    expect(arrived.cause).toHaveProperty('path', 'p');
    expect(arrived.stack).toBe(error.stack);
    expect(isDeepStrictEqual(arrived, error)).toBe(true);
  });

  test('a plain one, one without details, and an OptionError', () => {
    expect(crossed(new MemoError('m'))).toBeInstanceOf(MemoError);
    expect(Object.keys(crossed(new ValueError('m')))).toEqual(['code']);
    const arrived = crossed(new OptionError('m'));
    expect(arrived).toBeInstanceOf(OptionError);
    expect(arrived).toMatchObject({ name: 'OptionError', code: 'ERR_THREADMEMO_OPTION' });
  });
});

describe('an abort arrives as an abort', () => {
  test.each(['AbortError', 'TimeoutError'])('%s', (name) => {
    const error = new DOMException('m', name);
    const arrived = crossed(error);
    expect(arrived).toBeInstanceOf(DOMException);
    expect([arrived.name, arrived.message, arrived.code]).toEqual([name, 'm', error.code]);
    expect(arrived.stack).toBe(error.stack);
  });
});

describe('what is thrown need not be an error', () => {
  test.each([[undefined], [null], ['text'], [0], [{ a: [1] }], [new Map([[1, 2]])], [[1]]])(
    'case %#',
    (thrown) => expect(crossed(thrown)).toEqual(thrown),
  );

  test.each([
    ['a function', function thrower() {}, 'thrower'],
    ['a symbol', Symbol('s'), 'Symbol(s)'],
    ['an instance', new (class Odd {})(), 'Odd'],
    ['a Promise', Promise.resolve(1), 'Promise'],
  ])('%s becomes an Error that says so', (_, thrown, says) => {
    const arrived = crossed<unknown>(thrown);
    expect(arrived).toBeInstanceOf(Error);
    expect((arrived as Error).message).toContain(says);
  });
});

describe('of a list with billions of holes only what is in it is looked at', () => {
  const holey = (...items: unknown[]): unknown[] => {
    const list: unknown[] = [];
    list.length = 2 ** 32 - 1;
    for (const [i, item] of items.entries()) list[2 ** 31 + i] = item;
    return list;
  };

  test('thrown, as a field, and beside errors', () => {
    expect(isDeepStrictEqual(crossed(holey(1)), holey(1))).toBe(true);
    const error = new Error('m', { cause: holey(new RangeError('in it')) });
    const [found] = Object.values(crossed(error).cause as unknown[]);
    expect(found).toBeInstanceOf(RangeError);
  });

  test('what cannot cross is shown', () => {
    const { message } = crossed(holey(() => {})) as unknown as Error;
    expect(message).toContain('empty items');
    const error = Object.assign(new Error('m'), { list: holey(new (class Odd {})()) });
    expect(crossed(error)).toMatchObject({ lostFields: ['list'] });
  });
});

describe('nothing that is thrown breaks it', () => {
  const hostile = () => {
    throw new Error('hostile');
  };

  test('causes in a circle are cut', () => {
    const one = new Error('one');
    const two = new Error('two', { cause: one });
    one.cause = two;
    expect(crossed(one).cause).toMatchObject({ message: 'two' });
    expect((crossed(one).cause as Error).cause).toBeUndefined();
    const self = new AggregateError([], 'self');
    self.errors.push(self);
    expect(crossed(self).errors).toHaveLength(1);
  });

  test('long chains and wide trees of causes are cut', () => {
    let chain = new Error('0');
    for (let i = 0; i < 10_000; i++) chain = new Error('next', { cause: chain });
    expect(crossed(chain).cause).toBeInstanceOf(Error);
    let tree = new AggregateError([], 'leaf');
    for (let i = 0; i < 30; i++) tree = new AggregateError([tree, tree], 'node');
    expect(crossed(tree)).toBeInstanceOf(AggregateError);
  });

  test('accessors that throw, Proxies, and odd types', () => {
    const error = new Error('m');
    // The stack first: V8 writes it down when it is replaced, and asks for name and message then.
    for (const name of ['stack', 'message', 'name', 'code', 'cause', 'errors', 'other']) {
      Object.defineProperty(error, name, { get: hostile, enumerable: true });
    }
    expect(crossed(error)).toBeInstanceOf(Error);
    const odd = Object.assign(new Error('m'), { message: Symbol('s'), name: {}, stack: 1 });
    expect(crossed<unknown>(odd)).toBeInstanceOf(Error);
    const traps = { get: hostile, getPrototypeOf: hostile, ownKeys: hostile, has: hostile };
    expect(crossed(new Proxy(new Error('m'), traps))).toBeInstanceOf(Error);
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    expect(crossed(proxy)).toBeInstanceOf(Error);
    expect(crossed(Object.create(Error.prototype))).toBeInstanceOf(Error);
    expect(
      crossed<unknown>({
        get a() {
          return hostile();
        },
      }),
    ).toBeInstanceOf(Error);
    expect(crossed(new Proxy(new KeyError('m', { path: 'p' }), {}))).toBeInstanceOf(KeyError);
    expect(crossed(Object.assign(new KeyError('m'), { code: 7 }))).toBeInstanceOf(MemoError);
  });
});
