/** Types get lost on the way through `memoize`, or a wrong call compiles. */

import { type FunctionStats, type Memoized, type MemoizeOptions, memoize } from 'threadmemo';
import { describe, expectTypeOf, test } from 'vitest';

const here = import.meta.url;

interface Theme {
  readonly dark: boolean;
}

const render = memoize(here, function render(text: string, theme: Theme): Buffer {
  return Buffer.from(text + theme.dark);
});
const load = memoize(here, async function load(id: number): Promise<{ id: number }> {
  return { id };
});
// Declared on its own: a parameter without a type, in a function that is written within the call, is
// `any` there.
function listed(first: string, second?: number, third = true) {
  return [first, second, third] as const;
}
const many = memoize(here, listed);
const rest = memoize(here, function rest(label: string, ...parts: number[]): string {
  return label + parts;
});

/** A call that is only looked at by the compiler. */
function never(_: () => unknown): void {}

describe('a call', () => {
  test('of a synchronous function promises its result', () => {
    expectTypeOf(render).parameters.toEqualTypeOf<[text: string, theme: Theme]>();
    expectTypeOf(render).returns.toEqualTypeOf<Promise<Buffer>>();
  });

  test('of an asynchronous function promises it once', () => {
    expectTypeOf(load).parameters.toEqualTypeOf<[id: number]>();
    expectTypeOf(load).returns.toEqualTypeOf<Promise<{ id: number }>>();
  });

  test('optional, default and rest parameters stay', () => {
    expectTypeOf<Parameters<typeof many>>().toEqualTypeOf<Parameters<typeof many.original>>();
    expectTypeOf(many).returns.toEqualTypeOf<
      Promise<readonly [string, number | undefined, boolean]>
    >();
    expectTypeOf(rest).parameters.toEqualTypeOf<[label: string, ...parts: number[]]>();
    expectTypeOf(rest).returns.toEqualTypeOf<Promise<string>>();
    never(() => [many('a'), many('a', 1), many('a', undefined, false), rest('a'), rest('a', 1, 2)]);
  });

  test('of a union, a void and a never', () => {
    const maybe = memoize(here, (n: number): number | Promise<string> => n, { name: 'maybe' });
    expectTypeOf(maybe).returns.toEqualTypeOf<Promise<number | string>>();
    const nothing = memoize(here, () => {}, { name: 'nothing' });
    expectTypeOf(nothing).returns.toEqualTypeOf<Promise<void>>();
    expectTypeOf(nothing).parameters.toEqualTypeOf<[]>();
  });
});

describe('overloads', () => {
  function sync(value: string): string;
  function sync(value: number, digits: number): number;
  function sync(value: string | number): string | number {
    return value;
  }
  function async(value: string): Promise<string>;
  function async(value: number): Promise<number>;
  async function async(value: string | number): Promise<string | number> {
    return value;
  }

  test('of a synchronous function', () => {
    const memoized = memoize(here, sync);
    never(() => {
      expectTypeOf(memoized('a')).toEqualTypeOf<Promise<string>>();
      expectTypeOf(memoized(1, 2)).toEqualTypeOf<Promise<number>>();
      // @ts-expect-error a number needs its digits
      memoized(1);
    });
  });

  test('of an asynchronous function', () => {
    const memoized = memoize(here, async);
    never(() => {
      expectTypeOf(memoized('a')).toEqualTypeOf<Promise<string>>();
      expectTypeOf(memoized(1)).toEqualTypeOf<Promise<number>>();
      expectTypeOf(memoized.with({})('a')).toEqualTypeOf<Promise<string>>();
      // @ts-expect-error no overload takes a boolean
      memoized(true);
    });
  });
});

test('type parameters of an asynchronous function', () => {
  async function first<T>(items: readonly T[]): Promise<T | undefined> {
    return items[0];
  }
  const memoized = memoize(here, first);
  never(() => {
    expectTypeOf(memoized([1, 2])).toEqualTypeOf<Promise<number | undefined>>();
    expectTypeOf(memoized(['a'])).toEqualTypeOf<Promise<string | undefined>>();
  });
});

test('what can be asked is typed by the function', () => {
  expectTypeOf(render.peek).parameters.toEqualTypeOf<[text: string, theme: Theme]>();
  expectTypeOf(render.peek).returns.toEqualTypeOf<Buffer | undefined>();
  expectTypeOf(load.peek).returns.toEqualTypeOf<{ id: number } | undefined>();
  expectTypeOf(load.has).toEqualTypeOf<(id: number) => boolean>();
  expectTypeOf(load.key).toEqualTypeOf<(id: number) => string>();
  expectTypeOf(load.invalidate).toEqualTypeOf<(id: number) => Promise<void>>();
  expectTypeOf(load.clear).toEqualTypeOf<() => Promise<void>>();
  expectTypeOf(load.stats).returns.toEqualTypeOf<FunctionStats>();
  expectTypeOf(render.with({ timeout: '1s' })).toEqualTypeOf<
    (text: string, theme: Theme) => Promise<Buffer>
  >();
  expectTypeOf(render.original).toEqualTypeOf<(text: string, theme: Theme) => Buffer>();
  expectTypeOf(load.options).toEqualTypeOf<
    MemoizeOptions<(id: number) => Promise<{ id: number }>>
  >();
  expectTypeOf(load.id).toEqualTypeOf<string>();
  expectTypeOf(load).toExtend<Memoized>();
});

test('option functions are typed by the function', () => {
  memoize(here, async (id: number, deep?: boolean) => ({ id, deep, at: new Date() }), {
    name: 'typed options',
    key: (...args) => {
      expectTypeOf(args).toEqualTypeOf<[id: number, deep?: boolean | undefined]>();
      return args[0];
    },
    cache: (value, args) => {
      expectTypeOf(value.at).toEqualTypeOf<Date>();
      expectTypeOf(args).toEqualTypeOf<[id: number, deep?: boolean | undefined]>();
      return true;
    },
    ttl: (value, [id]) => {
      expectTypeOf(value.id).toEqualTypeOf<number>();
      expectTypeOf(id).toEqualTypeOf<number>();
      return '10m';
    },
  });
});

test('shared bytes are views of shared memory, and no other function is', () => {
  const image = memoize(here, (n: number) => Buffer.alloc(n), {
    name: 'shared image',
    values: 'shared',
  });
  const pick = async (all: boolean) => (all ? new Uint8Array(1) : null);
  const maybe = memoize(here, pick, { name: 'maybe shared', values: 'shared', ttl: '1m' });
  const copy = memoize(here, pick, { name: 'copied bytes', values: 'copy' });
  never(() => {
    expectTypeOf(image(1)).toEqualTypeOf<Promise<Buffer<SharedArrayBuffer>>>();
    expectTypeOf(image.sync(1)).toEqualTypeOf<Buffer<SharedArrayBuffer>>();
    expectTypeOf(image.peek(1)).toEqualTypeOf<Buffer<SharedArrayBuffer> | undefined>();
    expectTypeOf(image.original(1)).toExtend<Buffer>();
    expectTypeOf(maybe(true)).toEqualTypeOf<Promise<Uint8Array<SharedArrayBuffer> | null>>();
    expectTypeOf(copy(true)).toExtend<Promise<Uint8Array<ArrayBuffer> | null>>();
    const bytes = image.sync(1);
    // @ts-expect-error shared memory is not what the web's functions take
    const refused: ArrayBufferView<ArrayBuffer> = bytes;
    const taken: ArrayBufferView<ArrayBuffer> = Buffer.from(bytes);
    return [refused, taken, new Response(Buffer.from(bytes))];
  });
});

test('what is wrong does not compile', () => {
  never(() => {
    // @ts-expect-error too few
    render('a');
    // @ts-expect-error not a boolean
    many('a', 1, 'yes');
    // @ts-expect-error not a Theme
    render('a', 'dark');
    // @ts-expect-error too many
    load(1, 2);
    // @ts-expect-error not a number
    load.peek('1');
    // @ts-expect-error too few
    load.has();
    // @ts-expect-error not a number
    load.invalidate('1');
    // @ts-expect-error misspelt
    load.with({ time: 1 });
    // @ts-expect-error no unit
    load.with({ timeout: '10' });
    // @ts-expect-error not a Promise of text
    const text: Promise<string> = load(1);
    // @ts-expect-error not a duration
    memoize(here, (n: number) => n, { name: 'x', ttl: 'soon' });
    // @ts-expect-error not a duration
    memoize(here, (n: number) => n, { name: 'x', ttl: () => 'soon' });
    // @ts-expect-error neither 'copy' nor 'frozen' nor 'shared'
    memoize(here, (n: number) => n, { name: 'x', values: 'own' });
    // @ts-expect-error not a boolean
    memoize(here, (n: number) => n, { name: 'x', cache: (value) => value });
    // @ts-expect-error misspelt
    memoize(here, (n: number) => n, { name: 'x', maxsize: 1 });
    // @ts-expect-error not a function
    memoize(here, 7);
    return text;
  });
});
