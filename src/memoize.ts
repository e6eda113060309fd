/** What a user wraps a function with. The same on every thread; where it runs is the side's matter. */

import { keepToItself } from './belonging.ts';
import { ThreadError } from './errors.ts';
import { canonicalKey, canonicalKeyOf } from './keys/canonical.ts';
import { openPool } from './main/pool.ts';
import { type Inputs, mapInOrder } from './map.ts';
import type { Memoized } from './memoized.ts';
import { MISS } from './near/function-reads.ts';
import {
  type AnyFunction,
  type CallOptions,
  checkInputs,
  type MapOptions,
  type MemoizeOptions,
  type ResolvedCallOptions,
  resolveCallOptions,
  resolveMapOptions,
  resolveMemoizeOptions,
} from './options.ts';
import { type Definition, keyOf, register } from './registry.ts';
import { installedSide, type Side } from './side.ts';
import { sideHere } from './thread/joining.ts';

export type { Memoized } from './memoized.ts';

const NO_LIMITS: ResolvedCallOptions = { signal: undefined, timeout: undefined, refresh: false };

/**
 * Memoizes `fn` for all threads: a call computes at most once, in a worker thread, and every thread
 * shares the answer. Call it at the top level of a module, which worker threads load too.
 *
 * Arguments and results cross between threads as copies, and so must be what structured clone
 * carries faithfully: plain objects, arrays, maps, sets, dates, typed arrays, `Buffer`s, errors.
 *
 * @param module `import.meta.url` or `import.meta` of the module that calls this.
 * @param fn a function whose result depends on its arguments only, or on what `key` says.
 * @throws {OptionError} for a wrong option. @throws {DuplicateNameError} for a name used twice.
 * @example
 * export const render = memoize(import.meta.url, function render(markdown: string): string {
 *   return expensive(markdown);
 * }, { ttl: '10m' });
 */
export function memoize<Fn extends AnyFunction>(
  module: string | ImportMeta,
  fn: Fn,
  options: MemoizeOptions<Fn> = {},
): Memoized<Fn> {
  return callable(define(module, fn, options as MemoizeOptions), fn, options);
}

/**
 * Memoizes what a module exports and does not memoize itself, in this thread and in all others.
 * @param module its URL
 * @throws {DuplicateNameError} when it memoizes another function by this name.
 */
export function memoizeExport(module: string, fn: AnyFunction, exportName: string): Memoized {
  const options = { name: exportName };
  return callable(define(module, fn, options, exportName), fn, options);
}

function callable<Fn extends AnyFunction>(
  definition: Definition,
  fn: Fn,
  options: MemoizeOptions<Fn>,
): Memoized<Fn> {
  const call = (args: unknown[], limits: ResolvedCallOptions) =>
    run('call', definition, args, limits);
  const syncAny = (...args: unknown[]) => runSync(definition, args);
  const peek = (args: unknown[]) => sideHere()?.peek(definition, args);
  const members = {
    peek: (...args: unknown[]) => peek(args)?.value,
    has: (...args: unknown[]) => peek(args) !== undefined,
    // Where `args` is only looked into and spread, a hit does not make the array.
    sync(...args: unknown[]) {
      const { reads } = definition;
      const hit = reads !== undefined && args.length === 1 ? reads.hitOne(args[0]) : MISS;
      return hit === MISS ? syncAny(...args) : hit;
    },
    fork: (...args: unknown[]) => run('fork', definition, args, NO_LIMITS),
    map(inputs: Inputs<unknown>, options: MapOptions = {}) {
      const fork = (input: unknown, signal: AbortSignal) =>
        run('fork', definition, [input], { ...NO_LIMITS, signal });
      return mapInOrder(checkInputs(inputs), fork, resolveMapOptions(options));
    },
    with(limits: CallOptions) {
      const resolved = resolveCallOptions(limits);
      return (...args: unknown[]) => call(args, resolved);
    },
    invalidate: async (...args: unknown[]) => side().invalidate(definition, args),
    clear: async () => side().clear(definition),
    stats: () => side().stats(definition),
    key: (...args: unknown[]) => keyOf(definition.info.id, definition.argsKey(args)),
    original: fn,
    options,
    id: definition.info.id,
  };
  return Object.assign(
    named(definition.options.name, (args) => call(args, NO_LIMITS)),
    members,
  ) as unknown as Memoized<Fn>;
}

/**
 * The call under another name: one that the function has from the start, because to redefine it
 * would make each use of the function's members slower.
 */
function named(name: string, call: (args: unknown[]) => unknown) {
  return { [name]: (...args: unknown[]) => call(args) }[name] as (...args: unknown[]) => unknown;
}

/** The side of this thread; the first use opens the default pool. */
function side(): Side {
  const here = sideHere();
  if (here) return here;
  // It may have been attached at this very moment.
  if (keepToItself()) openPool({});
  return sideHere() as Side;
}

/** Not an async function: a hit should cost one promise. */
function run(
  how: 'call' | 'fork',
  definition: Definition,
  args: unknown[],
  limits: ResolvedCallOptions,
): Promise<unknown> {
  try {
    return side()[how](definition, args, limits);
  } catch (error) {
    return Promise.reject(error);
  }
}

function runSync(definition: Definition, args: unknown[]): unknown {
  const here = sideHere();
  if (here?.sync) return here.sync(definition, args);
  const { id } = definition.info;
  throw new ThreadError(
    `sync() of ${id} was called on a thread that belongs to no pool: it would block the thread that ` +
      'answers it. Await the call instead; sync() is for code that runs inside memoized functions.',
    { functionId: id },
  );
}

function define(
  module: string | ImportMeta,
  fn: AnyFunction,
  options: MemoizeOptions,
  exportName?: string,
): Definition {
  const resolved = resolveMemoizeOptions(fn, options);
  const { key } = resolved;
  const argsKey = (args: readonly unknown[]) =>
    key ? canonicalKeyOf(key(...args), 'key(...)') : canonicalKey(args);
  const { definition, again } = register(module, fn, resolved, argsKey, exportName);
  const installed = installedSide();
  if (again && installed && !installed.inPool) void installed.clear(definition);
  return definition;
}
