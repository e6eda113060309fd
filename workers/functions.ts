/**
 * Memoized functions that the tests run in worker threads. Each does one thing that matters.
 *
 * A `gate` is a name from `shared.ts`: the function counts `<gate>:started`, and goes no further
 * until the test lifts the gate. A `caller` only keeps calls apart that would else be one.
 */

import { getEventListeners } from 'node:events';
import { threadId } from 'node:worker_threads';
import { createPool, currentSignal, type KeyError, memoize } from 'threadmemo';
import { arrive, count, counted, lift, reaches } from './shared.ts';

const here = import.meta.url;

/** Which of its computations this is, and where it ran. */
export interface Run {
  readonly nth: number;
  readonly thread: number;
}

/** What a caller in a worker thread got. */
export interface Answers<T> {
  readonly thread: number;
  readonly answers: T[];
}

export const increment = memoize(here, function increment(n: number, cell?: string): number {
  if (cell) count(cell);
  return n + 1;
});

export const gated = memoize(here, async function gated(gate: string): Promise<Run> {
  const nth = count(`${gate}:started`);
  await arrive(gate);
  return { nth, thread: threadId };
});

/** Calls `gated` many times at once; counts `<gate>:asked` when the coordinator knows of all calls. */
export const crowd = memoize(
  here,
  async function crowd(gate: string, calls: number, _caller: string): Promise<Answers<Run>> {
    const pending = Array.from({ length: calls }, () => gated(gate));
    // Answered in order: what was claimed before has been heard then.
    gated.has(gate);
    count(`${gate}:asked`);
    return { thread: threadId, answers: await Promise.all(pending) };
  },
);

/** Waits at the gate, and only then calls `increment`. */
export const incrementsLater = memoize(
  here,
  async function incrementsLater(gate: string, n: number, cell: string): Promise<number> {
    count(`${gate}:started`);
    await arrive(gate);
    return increment(n, cell);
  },
);

export const whereAmI = memoize(here, function whereAmI(_caller: string): number {
  return threadId;
});

// What calls itself is an arrow function: within `function f() {}`, `f` is not the memoized one.

/** The threads of a chain of nested calls, the innermost first. */
export const nested = memoize(
  here,
  async (depth: number, caller: string): Promise<number[]> => {
    if (depth === 0) return [threadId];
    return [...(await nested(depth - 1, caller)), threadId];
  },
  { name: 'nested' },
);

export const fibonacci = memoize(
  here,
  async (n: number, cell: string): Promise<bigint> => {
    count(`${cell}:${n}`);
    if (n < 2) return BigInt(n);
    const [a, b] = await Promise.all([fibonacci(n - 1, cell), fibonacci(n - 2, cell)]);
    return a + b;
  },
  { name: 'fibonacci' },
);

/** Each waits for the next one, and the last for the first. */
export const ring = memoize(
  here,
  async (gate: string, place: number, size: number): Promise<string> => {
    count(`${gate}:started`);
    await arrive(gate);
    return ring(gate, (place + 1) % size, size);
  },
  { name: 'ring' },
);

/** Would wait for itself, notices, and answers all the same. */
export const careful = memoize(
  here,
  (caller: string): Promise<string> =>
    careful(caller).catch((error: Error) => `instead of a ${error.name}`),
  { name: 'careful' },
);

export class TeapotError extends Error {
  override name = 'TeapotError';
  readonly code = 'ETEAPOT';
  readonly status = 418;
}

/** Throws what a test asks for, once the gate is open. */
export const fails = memoize(
  here,
  async function fails(gate: string, what: 'error' | 'text' | 'nothing'): Promise<never> {
    const nth = count(`${gate}:started`);
    await arrive(gate);
    if (what === 'text') throw 'just text';
    if (what === 'nothing') throw undefined;
    throw new TeapotError(`no coffee, ${nth}`, { cause: new RangeError('short and stout') });
  },
);

/** What two calls in a worker thread were rejected with; counts `<gate>:asked` like `crowd`. */
export const catches = memoize(here, async function catches(gate: string, _caller: string) {
  const pending = [fails(gate, 'error'), fails(gate, 'error')];
  fails.has(gate, 'error');
  count(`${gate}:asked`);
  const [one, other] = (await Promise.allSettled(pending)).map(
    (each) => (each as PromiseRejectedResult).reason as TeapotError,
  );
  return { error: one, isError: one instanceof Error, isSame: one === other };
});

/**
 * Calls `gated` twice, and goes away from the first call or from both, when `<gate>:leave` is open;
 * counts `<gate>:gone` then.
 */
export const impatient = memoize(
  here,
  async function impatient(gate: string, goes: 'by signal' | 'by timeout' | 'altogether') {
    const going = new AbortController();
    const limits = goes === 'by timeout' ? { timeout: 1 } : { signal: going.signal };
    const first = gated.with(limits)(gate);
    const second = goes === 'altogether' ? gated.with(limits)(gate) : gated(gate);
    gated.has(gate);
    count(`${gate}:asked`);
    await arrive(`${gate}:leave`);
    going.abort(new Error('lost patience'));
    const gone = await first.catch((error: Error) => `${error.name}: ${error.message}`);
    count(`${gate}:gone`);
    return { gone, stayed: await second.catch(() => undefined) };
  },
);

/** Does not come back the first time, and says how many times it was tried after that. */
export const hangs = memoize(here, function hangs(name: string, how: 'busy' | 'idle'):
  | number
  | Promise<never> {
  const nth = count(`${name}:started`);
  if (nth > 1) return nth;
  if (how === 'idle') return new Promise(() => {});
  for (;;) count(`${name}:turns`);
});

/** Goes away from a nested call that hangs, and waits at the gate; says how often it was begun. */
export const outlives = memoize(
  here,
  async function outlives(gate: string, name: string): Promise<number> {
    const going = new AbortController();
    const nested = hangs
      .with({ signal: going.signal })(name, 'idle')
      .catch(() => undefined);
    await reaches(`${name}:started`, 1);
    going.abort();
    await nested;
    const nth = count(`${gate}:started`);
    await arrive(gate);
    return nth;
  },
);

/** Stops when it is told to, without ever returning to its event loop. */
export const obedient = memoize(here, function obedient(name: string): never {
  count(`${name}:started`);
  for (;;) {
    if (!currentSignal().aborted) continue;
    count(`${name}:stopped`);
    currentSignal().throwIfAborted();
  }
});

export type Death = 'exit' | 'error' | 'rejection' | 'memory';

/** Takes its thread down, after the gate. */
export const dies = memoize(here, async function dies(gate: string, how: Death): Promise<never> {
  count(`${gate}:started`);
  await arrive(gate);
  return end(how);
});

/** Takes its thread down the first time, and answers after that. */
export const diesOnce = memoize(here, async function diesOnce(gate: string): Promise<Run> {
  const nth = count(`${gate}:started`);
  await arrive(gate);
  if (nth === 1) await end('exit');
  return { nth, thread: threadId };
});

/** Never returns. */
async function end(how: Death): Promise<never> {
  if (how === 'exit') process.exit(3);
  if (how === 'memory') {
    // In small pieces: Node ends the thread at its limit, but the process if one piece goes far beyond.
    for (let hoard: unknown = null; ; ) hoard = { hoard };
  }
  const error = new Error('a stray error');
  if (how === 'rejection') void Promise.reject(error);
  else setImmediate(() => throwIt(error));
  return new Promise(() => {});
}

function throwIt(error: Error): never {
  throw error;
}

/** Calls `diesOnce` from its own thread; counts `<gate>:asked` when the coordinator knows of it. */
export const callsDiesOnce = memoize(
  here,
  async function callsDiesOnce(gate: string, caller: string): Promise<Answers<Run>> {
    const pending = diesOnce(gate);
    diesOnce.has(gate);
    count(`${gate}:asked`);
    count(`${gate}:${caller}`);
    return { thread: threadId, answers: [await pending] };
  },
);

/** Lets go of a computation without waiting for it. */
export const forgetful = memoize(here, async function forgetful(gate: string): Promise<string> {
  void gated(gate);
  return 'done already';
});

/** What happens to somebody who opens a pool in a thread of one. */
export const opensPool = memoize(here, async function opensPool(): Promise<void> {
  await createPool();
});

/** Listeners that so many calls with one signal leave on it while they wait, and after that. */
export const listeners = memoize(
  here,
  async function listeners(gate: string, calls: number): Promise<number[]> {
    const { signal } = new AbortController();
    const pending = Array.from({ length: calls }, () => gated.with({ signal })(gate));
    const waiting = getEventListeners(signal, 'abort').length;
    lift(gate);
    await Promise.all(pending);
    return [waiting, getEventListeners(signal, 'abort').length];
  },
);

const forgotten = memoize(here, (n: number) => n, { name: 'forgotten', ttl: 0 });

/** So many nested computations, none of which is kept. */
export const forgetsMany = memoize(
  here,
  async (from: number, calls: number): Promise<void> => {
    for (let done = 0; done < calls; done += 500) {
      await Promise.all(Array.from({ length: 500 }, (_, n) => forgotten(from + done + n)));
    }
  },
  { name: 'forgetsMany', ttl: 0 },
);

// Freshness

/** Like `gated`, but each of its computations has a gate of its own: `<gate>:1`, `<gate>:2`. */
export const staged = memoize(here, async function staged(gate: string): Promise<Run> {
  const nth = count(`${gate}:started`);
  await arrive(`${gate}:${nth}`);
  return { nth, thread: threadId };
});

/** Calls `staged` from a thread; counts `<gate>:asked` when the coordinator knows of it. */
export const asksStaged = memoize(
  here,
  async (gate: string, _caller: string): Promise<Run> => {
    const pending = staged(gate);
    staged.has(gate);
    count(`${gate}:asked`);
    return pending;
  },
  { name: 'asksStaged', ttl: 0 },
);

/** Has a thread forget what `staged` has, or is about to have. */
export const forgets = memoize(
  here,
  (gate: string, what: 'this' | 'all'): Promise<void> =>
    what === 'this' ? staged.invalidate(gate) : staged.clear(),
  { name: 'forgets', ttl: 0 },
);

/** What a thread sees of `ordinal`. */
export interface Sight {
  readonly has: boolean;
  readonly peek: number | undefined;
  readonly value: number;
}

/** Which of the computations of this cell it is. */
export const ordinal = memoize(here, function ordinal(cell: string): number {
  return count(cell);
});

/** Looks at `ordinal` twice: before and after `<cell>:change` is open. Blocks its thread between. */
export const looksTwice = memoize(
  here,
  async (cell: string, _caller: string): Promise<Sight[]> => {
    const first = await look(cell);
    count(`${cell}:looked`);
    while (counted(`${cell}:change:open`) === 0);
    return [first, await look(cell)];
  },
  { name: 'looksTwice', ttl: 0 },
);

async function look(cell: string): Promise<Sight> {
  return { has: ordinal.has(cell), peek: ordinal.peek(cell), value: await ordinal(cell) };
}

export const falsyValues = {
  undefined: undefined,
  null: null,
  zero: 0,
  'minus zero': -0,
  NaN: Number.NaN,
  'empty text': '',
  false: false,
  'zero, big': 0n,
} as const;
export type Falsy = keyof typeof falsyValues;

export const falsy = memoize(here, function falsy(cell: string, which: Falsy) {
  count(cell);
  return falsyValues[which];
});

/** The same, as a thread sees it. */
export const looksAtFalsy = memoize(
  here,
  async (cell: string, which: Falsy) => ({
    has: falsy.has(cell, which),
    peek: falsy.peek(cell, which),
    value: await falsy(cell, which),
  }),
  { name: 'looksAtFalsy', ttl: 0 },
);

export const keptMs = memoize(here, (cell: string) => count(cell), { name: 'keptMs', ttl: 60_000 });
export const keptText = memoize(here, (cell: string) => count(cell), {
  name: 'keptText',
  ttl: '1m',
});
export const keptNever = memoize(here, (cell: string) => count(cell), {
  name: 'keptNever',
  ttl: 0,
});
/** An odd value is kept for as long as the second argument says; an even one not at all. */
export const keptAsSaid = memoize(here, (cell: string, _ttl: unknown) => count(cell), {
  name: 'keptAsSaid',
  cache: (nth) => nth % 2 === 1,
  ttl: (_nth, [, ttl]) => {
    if (ttl instanceof Error) throw ttl;
    return ttl as number;
  },
});
/** `cache` answers with the second argument, or throws it. */
export const keptIf = memoize(here, (cell: string, _answer: unknown) => count(cell), {
  name: 'keptIf',
  cache: (_nth, [, answer]) => {
    if (answer instanceof Error) throw answer;
    return answer as boolean;
  },
});

/** Refreshes `staged` from a thread. */
export const refreshesStaged = memoize(
  here,
  (gate: string): Promise<Run> => staged.with({ forceRefresh: true })(gate),
  { name: 'refreshesStaged', ttl: 0 },
);

// Values and arguments

class Point {
  readonly x = 1;
}

const makings = {
  nested: () => ({ list: [1, 2], map: new Map([['a', { n: 1 }]]), at: new Date(0) }),
  'small buffer': () => Buffer.from('abc'),
  'slice of a buffer': () => Buffer.alloc(100_000, 5).subarray(10, 20),
  'large buffer': () => Buffer.alloc(1 << 20, 7),
  'buffer within': () => ({ inner: Buffer.from('abc') }),
  bytes: () => new Uint8Array([1, 2, 3]),
  function: () => ({ rows: [{ save() {} }] }),
  symbol: () => Symbol('s'),
  instance: () => [new Point()],
  promise: () => ({ later: Promise.resolve(1) }),
};
export type Making = keyof typeof makings;
type Made<What extends Making> = ReturnType<(typeof makings)[What]>;

/** Makes a value, once the gate of that name is open, if there is one. */
export const makes = memoize(here, async function makes<
  What extends Making,
>(what: What, cell: string, gate?: string): Promise<Made<What>> {
  count(cell);
  if (gate) await arrive(gate);
  return makings[what]() as Made<What>;
});

/** Spoils what it got, in a thread, and returns what it gets after that. */
export const spoils = memoize(
  here,
  async (cell: string) => {
    const [one, other] = await Promise.all([makes('nested', cell), makes('nested', cell)]);
    spoil(one);
    const later = await makes('nested', cell);
    const peeked = makes.peek('nested', cell);
    return { other, later, peeked, apart: new Set([one, other, later, peeked]).size };
  },
  { name: 'spoils', ttl: 0 },
);

export function spoil(made: Made<'nested'>): void {
  made.list.push(3);
  for (const each of made.map.values()) each.n = 2;
  made.map.set('b', { n: 3 });
  made.at.setFullYear(1999);
}

/** What a Buffer is, and how much memory it holds. */
export function weigh(value: unknown) {
  const bytes = value as Buffer;
  const name = Buffer.isBuffer(value) ? 'Buffer' : (value as object).constructor.name;
  return { name, length: bytes.length, memory: bytes.buffer.byteLength };
}

/** What arrives in a thread: as a nested call's answer, and as an argument. */
export const weighsMade = memoize(
  here,
  async (what: 'small buffer' | 'slice of a buffer' | 'large buffer' | 'bytes', cell: string) =>
    weigh(await makes(what, cell)),
  { name: 'weighsMade', ttl: 0 },
);
export const weighs = memoize(here, (value: Uint8Array) => weigh(value), { name: 'weighs' });
/** Passes such an argument on, from a thread. */
export const weighsNested = memoize(here, (text: string) => weighs(Buffer.from(text)), {
  name: 'weighsNested',
  ttl: 0,
});

export const makesFrozen = memoize(
  here,
  (what: 'nested', cell: string): Made<'nested'> => {
    count(cell);
    return makings[what]();
  },
  { name: 'makesFrozen', values: 'frozen' },
);

/** How many objects callers in a thread get, and whether they are frozen. */
export const seesFrozen = memoize(
  here,
  async (cell: string) => {
    const calls = [makesFrozen('nested', cell), makesFrozen('nested', cell)];
    const got = [...(await Promise.all(calls)), await makesFrozen('nested', cell)];
    got.push(makesFrozen.peek('nested', cell) as Made<'nested'>);
    return { objects: new Set(got).size, frozen: Object.isFrozen(got[0]?.map.get('a')) };
  },
  { name: 'seesFrozen', ttl: 0 },
);

export const echoes = memoize(here, (value: unknown, cell: string) => [count(cell), value], {
  name: 'echoes',
});

/** Changes its argument, from a thread, after the call; and what it calls with is refused. */
export const changesArguments = memoize(
  here,
  async (cell: string) => {
    const list = [1, 2];
    const pending = echoes(list, cell);
    list.push(3);
    return [await pending, await echoes([1, 2], cell), await echoes(list, cell)];
  },
  { name: 'changesArguments', ttl: 0 },
);

/** What a thread is told of an argument that is refused. */
export const passesFunction = memoize(
  here,
  async (cell: string) => {
    const error = await echoes({ conn() {} }, cell).catch((reason: KeyError) => reason);
    const { name, path, code } = error as KeyError;
    return { name, path, code };
  },
  { name: 'passesFunction', ttl: 0 },
);

/** A number is the key as it is; an Error is thrown. */
export const keyed = memoize(
  here,
  (row: { readonly id: unknown; readonly note?: unknown }, cell: string) => [count(cell), row.note],
  {
    name: 'keyed',
    key({ id }, cell) {
      if (id instanceof Error) throw id;
      return [id, cell];
    },
  },
);

// Limits

/** As many bytes, and how many computations there were of them. */
export const bytes = memoize(
  here,
  (cell: string, size: number) => Buffer.alloc(size, count(cell)),
  {
    name: 'bytes',
  },
);
export const atMostThree = memoize(here, (cell: string, n: number) => [n, count(cell)], {
  name: 'atMostThree',
  max: 3,
});
export const atMostNone = memoize(here, (cell: string) => count(cell), {
  name: 'atMostNone',
  max: 0,
});

/** One signal for many calls, in a thread; the reasons that there were, and how many of each. */
export const abortsMany = memoize(
  here,
  async (gate: string, calls: number) => {
    const going = new AbortController();
    let warnings = 0;
    process.on('warning', () => warnings++);
    const limited = gated.with({ signal: going.signal });
    const pending = Array.from({ length: calls }, (_, n) => limited(`${gate}-${n % 10}`));
    const settled = Promise.allSettled(pending);
    gated.has(gate);
    going.abort('enough');
    const reasons = (await settled).map((each) => 'reason' in each && each.reason);
    const already = await limited(gate).catch((reason: unknown) => reason);
    return { reasons: reasons.filter((each) => each === 'enough').length, already, warnings };
  },
  { name: 'abortsMany', ttl: 0 },
);
