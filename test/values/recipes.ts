/**
 * Values for property tests, as recipes: trees that can be built as often as needed, edited a little,
 * and built with stand-ins where versions of Node disagree about equality.
 */
import fc from 'fast-check';

export type Recipe =
  | { readonly is: 'primitive'; readonly value: unknown }
  | { readonly is: 'hole' }
  | { readonly is: 'array'; readonly items: readonly Recipe[]; readonly named: readonly Entry[] }
  | { readonly is: 'object'; readonly bare: boolean; readonly entries: readonly Entry[] }
  | { readonly is: 'map'; readonly entries: readonly (readonly [Recipe, Recipe])[] }
  | { readonly is: 'set'; readonly items: readonly Recipe[] }
  | { readonly is: 'date'; readonly time: number }
  | { readonly is: 'regexp'; readonly source: string; readonly flags: string; readonly at: number }
  | { readonly is: 'boxed'; readonly value: unknown }
  | { readonly is: 'bytes'; readonly as: string; readonly bytes: readonly number[] }
  | {
      readonly is: 'error';
      readonly as: string;
      readonly message: string;
      readonly name: string | undefined;
      readonly cause: Recipe | undefined;
      readonly fields: readonly Entry[];
    };
export type Entry = readonly [string, Recipe];

/** `new Date(8.64e15)` stands for the invalid Date, which equals itself from Node 24 on only. */
const standInDate = 8.64e15;

/** Builds a fresh value; for reference, with stand-ins instead of what Node versions disagree about. */
export function build(recipe: Recipe, forReference = false): unknown {
  const again = (each: Recipe) => build(each, forReference);
  switch (recipe.is) {
    case 'primitive':
      return recipe.value;
    case 'hole':
      return undefined;
    case 'array':
      return buildArray(recipe.items, recipe.named, again);
    case 'object':
      return assign(recipe.bare ? Object.create(null) : {}, recipe.entries, again);
    case 'map':
      return new Map(recipe.entries.map(([key, value]) => [again(key), again(value)]));
    case 'set':
      return new Set(recipe.items.map(again));
    case 'date':
      return new Date(Number.isNaN(recipe.time) && forReference ? standInDate : recipe.time);
    case 'regexp':
      return Object.assign(new RegExp(recipe.source, recipe.flags), { lastIndex: recipe.at });
    case 'boxed':
      return Object(recipe.value);
    case 'bytes':
      return buildBytes(recipe.as, recipe.bytes);
    case 'error':
      return buildError(recipe, forReference);
  }
}

function buildArray(
  items: readonly Recipe[],
  named: readonly Entry[],
  again: (recipe: Recipe) => unknown,
): unknown {
  const array: unknown[] = new Array(items.length);
  items.forEach((item, i) => {
    if (item.is !== 'hole') array[i] = again(item);
  });
  return assign(array, named, again);
}

function assign<T extends object>(
  object: T,
  entries: readonly Entry[],
  again: (recipe: Recipe) => unknown,
): T {
  for (const [name, recipe] of entries) {
    const value = again(recipe);
    const whole = { value, enumerable: true, writable: true, configurable: true };
    Object.defineProperty(object, name, whole);
  }
  return object;
}

/** The builtin class of this name. */
function builtin<Class>(name: string): Class {
  return (globalThis as unknown as Readonly<Record<string, unknown>>)[name] as Class;
}

function buildBytes(as: string, bytes: readonly number[]): unknown {
  // Off the start of its memory, so that the offset matters.
  const memory = new ArrayBuffer(bytes.length + 16);
  new Uint8Array(memory).set(bytes, 8);
  if (as === 'Buffer') return Buffer.from(memory, 8, bytes.length);
  const own = memory.slice(8, 8 + bytes.length);
  if (as === 'ArrayBuffer') return own;
  return new (builtin<new (memory: ArrayBuffer) => unknown>(as))(own);
}

function buildError(recipe: Extract<Recipe, { is: 'error' }>, forReference: boolean): unknown {
  const make = builtin<new (message: string) => Error>(recipe.as);
  const error =
    recipe.as === 'AggregateError'
      ? new AggregateError([1], recipe.message)
      : new make(recipe.message);
  const hide = (name: string, value: unknown) =>
    Object.defineProperty(error, name, { value, configurable: true, writable: true });
  if (recipe.name !== undefined) hide('name', recipe.name);
  if (recipe.cause !== undefined) {
    const cause = build(recipe.cause, forReference);
    // Node 20 takes a cause of undefined for no cause.
    hide('cause', cause === undefined && forReference ? 'undefined, but there' : cause);
  }
  return assign(error, recipe.fields, (each) => build(each, forReference));
}

const strings = fc.constantFrom(
  ...['', 'a', 'b', '0', '1', '-0', 'a,b', 's1:a', 'o1:1:a', 'a";"b', '(', '~', ';', ':', 'null'],
  ...['\ud800', '\udfff', '\ufffd', '\u00ff', '\u0100', '\n', '__proto__', 'constructor', '2024'],
  ...['1970-01-01T00:00:00.000Z', 'x'.repeat(120), 'x'.repeat(1024), 'x'.repeat(1025)],
  ...[`${'x'.repeat(1024)}\ud800`, `${'x'.repeat(1024)}\udfff`, `${'x'.repeat(1024)}\ufffd`],
);
const numbers = fc.constantFrom(
  0,
  -0,
  1,
  -1,
  1.5,
  Number.NaN,
  Number.POSITIVE_INFINITY,
  1e21,
  5e-324,
);
const primitives = fc.oneof(
  strings,
  numbers,
  fc.constantFrom(true, false, null, undefined, 0n, 1n, -1n, 2n ** 70n),
);
const names = fc.constantFrom(
  'a',
  'b',
  '0',
  '1',
  '10',
  '',
  'a.b',
  '__proto__',
  'length2',
  'é',
  '\ud800',
);
const bytes = fc.oneof(
  fc
    .array(fc.constantFrom(0, 1, 255), { maxLength: 3 })
    .map((each) => [...each, ...Array(8).fill(0)].slice(0, 8)),
  fc.constantFrom(
    [],
    Array(64).fill(7),
    [...Array(64).fill(7), 0, 0, 0, 0, 0, 0, 0, 0],
    [...Array(64).fill(7), 0, 0, 0, 0, 0, 0, 0, 1],
  ),
);
export const viewNames = [
  ...['Buffer', 'ArrayBuffer', 'DataView', 'Uint8Array', 'Int8Array', 'Uint8ClampedArray'],
  ...['Uint16Array', 'Int16Array', 'Uint32Array', 'Int32Array', 'Float32Array', 'Float64Array'],
  ...['BigInt64Array', 'BigUint64Array', ...('Float16Array' in globalThis ? ['Float16Array'] : [])],
];
export const errorNames = [
  ...['Error', 'EvalError', 'RangeError', 'ReferenceError', 'SyntaxError', 'TypeError', 'URIError'],
  'AggregateError',
];

export const recipes: fc.Arbitrary<Recipe> = fc.letrec<{ recipe: Recipe }>((tie) => {
  const recipe = tie('recipe');
  const few = fc.array(recipe, { maxLength: 3 });
  const entries = fc.array(fc.tuple(names, recipe), { maxLength: 3 });
  const primitive = primitives.map((value): Recipe => ({ is: 'primitive', value }));
  const items = fc.array(
    fc.oneof({ weight: 6, arbitrary: recipe }, fc.constant<Recipe>({ is: 'hole' })),
    {
      maxLength: 3,
    },
  );
  return {
    recipe: fc.oneof(
      { maxDepth: 3, withCrossShrink: true },
      { weight: 4, arbitrary: primitive },
      fc.record({
        is: fc.constant('array' as const),
        items,
        named: fc.oneof(
          { weight: 5, arbitrary: fc.constant([]) },
          fc.array(fc.tuple(fc.constantFrom('k', 'index'), recipe), { maxLength: 2 }),
        ),
      }),
      fc.record({ is: fc.constant('object' as const), bare: fc.boolean(), entries }),
      fc.record({
        is: fc.constant('map' as const),
        entries: fc.array(fc.tuple(recipe, recipe), { maxLength: 3 }),
      }),
      fc.record({ is: fc.constant('set' as const), items: few }),
      fc.record({
        is: fc.constant('date' as const),
        time: fc.constantFrom(0, 1, -1, 1.7e12, Number.NaN),
      }),
      fc.record({
        is: fc.constant('regexp' as const),
        source: fc.constantFrom('a', 'a;', '\\/', '(?:)'),
        flags: fc.constantFrom('', 'g', 'y', 'giu'),
        at: fc.constantFrom(0, 0, 1, -0),
      }),
      primitives
        .filter((value) => value !== null && value !== undefined)
        .map((value): Recipe => ({ is: 'boxed', value })),
      fc.record({ is: fc.constant('bytes' as const), as: fc.constantFrom(...viewNames), bytes }),
      fc.record({
        is: fc.constant('error' as const),
        as: fc.constantFrom(...errorNames),
        message: strings,
        name: fc.constantFrom(undefined, undefined, 'Error', 'TypeError', 'Mine'),
        cause: fc.option(recipe, { nil: undefined }),
        fields: entries,
      }),
    ),
  };
}).recipe;
