/** What a user wraps a function with. The same on every thread; where it runs is the side's matter. */

import { availableParallelism } from 'node:os';
import { types } from 'node:util';
import { keepToItself, shareWithChildren } from '../call/belonging.ts';
import { Call, NO_LIMITS } from '../call/call.ts';
import { type Definition, type Origin, register } from '../call/registry.ts';
import { installedSide, type Side } from '../call/side.ts';
import { moduleUrl } from '../code-version/module-id.ts';
import { currentComputation } from '../compute/computation.ts';
import { NOTHING_FOUND } from '../coordinator/nothing-found.ts';
import { noStats } from '../coordinator/stats.ts';
import { about, KeyError } from '../errors.ts';
import { sideHere } from '../guests/joining.ts';
import { canonicalKey } from '../keys/canonical.ts';
import { chosenKey } from '../keys/chosen.ts';
import {
  type AnyFunction,
  type CallOptions,
  checkArgs,
  checkInputs,
  type MapOptions,
  type MemoizeOptions,
  resolveCallOptions,
  resolveMapOptions,
  resolveMemoizeOptions,
} from '../options.ts';
import { refusedSync } from '../pool/local-sync.ts';
import { openPool } from '../pool/pool.ts';
import type { Explanation } from '../protocol.ts';
import { MISS } from '../read/entry-values.ts';
import { dateNow } from '../runtime/globals.ts';
import { rejectedWith } from '../runtime/headroom.ts';
import { shown } from '../text/shown.ts';
import { classNameOf } from '../values/refusal.ts';
import { noteListCallback } from './list-callback.ts';
import { type Inputs, mapInOrder } from './map.ts';
import type { Memoized, MemoizedShared } from './memoized.ts';
import { usesThis } from './uses-this.ts';

export type { Memoized } from './memoized.ts';

/**
 * Memoizes `fn` for all threads: a call computes at most once, in a worker thread, and every thread
 * shares the answer. Call it at the top level of a module, which worker threads load too.
 *
 * Arguments and results cross between threads as copies, and so must be what structured clone
 * carries faithfully: plain objects, arrays, maps, sets, dates, typed arrays, `Buffer`s, errors.
 *
 * @param module `import.meta.url` or `import.meta` of the module that calls this.
 * @param fn a function whose result depends on its arguments only, or on what `key` says. `this` is
 * undefined in it.
 * @throws {OptionError} for a wrong option. @throws {DuplicateNameError} for a name used twice.
 * @example
 * export const render = memoize(import.meta.url, function render(markdown: string): string {
 *   return expensive(markdown);
 * }, { ttl: '10m' });
 */
export function memoize<Fn extends AnyFunction>(
  module: string | ImportMeta,
  fn: Fn,
  options: MemoizeOptions<Fn> & { readonly values: 'shared' },
): MemoizedShared<Fn>;
export function memoize<Fn extends AnyFunction>(
  module: string | ImportMeta,
  fn: Fn,
  options?: MemoizeOptions<Fn>,
): Memoized<Fn>;
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
  return callable(define(module, fn, options, { exportName }), fn, options);
}

/**
 * Memoizes what this package itself makes for a user, under the name of what the user has called: the path of
 * the module is this package's own affair, and another one in the next release.
 */
export function memoizeFor<Fn extends AnyFunction>(
  home: string,
  module: string,
  fn: Fn,
  options: MemoizeOptions<Fn>,
): Memoized<Fn> {
  return callable(define(module, fn, options as MemoizeOptions, { home }), fn, options);
}

const definitions = new WeakMap<object, Definition>();

/**
 * What this thread finds by itself of a call with one argument, at once: counts as that call's hit, and has
 * a value that is due refreshed in the background. For layers of this package that wait for nothing.
 * @throws {KeyError}
 */
export function findNow<Arg, Value>(
  memoized: Memoized<(arg: Arg) => Promise<Value>>,
  arg: Arg,
): { readonly state: 'hit' | 'due'; readonly value: Value } | { readonly state: 'missed' } {
  const definition = definitions.get(memoized);
  const here = sideHere();
  if (!definition || !here) return { state: 'missed' };
  return here.find(new Call(definition, [arg])) as ReturnType<typeof findNow<Arg, Value>>;
}

/** What time it is for cached values: milliseconds since 1970. */
export function dateOfValues(): number {
  return sideHere()?.date() ?? dateNow();
}

function callable<Fn extends AnyFunction>(
  definition: Definition,
  fn: Fn,
  options: MemoizeOptions<Fn>,
): Memoized<Fn> {
  const peek = (args: unknown[]) => sideHere()?.peek(new Call(definition, args));
  const syncAny = (...args: unknown[]) => runSync(new Call(definition, args));
  const members = {
    peek: (...args: unknown[]) => peek(args)?.value,
    has: (...args: unknown[]) => peek(args) !== undefined,
    // Where `args` is only looked into and spread, a hit does not make the array.
    sync(...args: unknown[]) {
      const { reads } = definition;
      const hit = reads !== undefined && args.length === 1 ? reads.near(args[0]) : MISS;
      return hit === MISS ? syncAny(...args) : hit;
    },
    fork: (...args: unknown[]) => run('fork', new Call(definition, args)),
    map(inputs: Inputs<unknown>, options: MapOptions = {}) {
      const fork = (input: unknown, signal: AbortSignal) =>
        run('fork', new Call(definition, [input], { ...NO_LIMITS, signal }));
      return mapInOrder(checkInputs(inputs), fork, resolveMapOptions(options), threads);
    },
    with(options: CallOptions) {
      const limits = resolveCallOptions(options);
      return (...args: unknown[]) => run('call', new Call(definition, args, limits));
    },
    set: (args: unknown[], value: unknown) =>
      promised(() => side().set(new Call(definition, checkArgs(args)), value)),
    invalidate: (...args: unknown[]) => promised(() => invalidate(new Call(definition, args))),
    expire: (...args: unknown[]) => promised(() => expire(new Call(definition, args))),
    clear: () => promised(() => sideHere()?.clear(definition) ?? Promise.resolve()),
    explain: (...args: unknown[]) => promised(() => explain(new Call(definition, args))),
    stats: () => sideHere()?.stats(definition) ?? noStats(),
    key: (...args: unknown[]) => new Call(definition, args).fullKey,
    original: fn,
    options,
    id: definition.info.id,
  };
  const { name } = definition.options;
  const plainCall = (args: unknown[]) =>
    nearHit(definition, args) ?? run('call', new Call(definition, args));
  const made = usesThis(fn) ? namedMethod(name, definition, plainCall) : named(name, plainCall);
  definitions.set(made, definition);
  return Object.assign(made, members) as unknown as Memoized<Fn>;
}

/** The commonest hit, of a call that nothing else is to be asked about: what a worker thread has had lately. */
function nearHit({ reads }: Definition, args: unknown[]): Promise<unknown> | undefined {
  if (reads === undefined || args.length !== 1) return undefined;
  const from = currentComputation();
  return from?.isRunning && !from.cancelled ? reads.nearSettled(args[0]) : undefined;
}

/**
 * The call under another name: one that the function has from the start, because to redefine it
 * would make each use of the function's members slower.
 */
function named(name: string, call: (args: unknown[]) => unknown) {
  return { [name]: (...args: unknown[]) => call(args) }[name] as (...args: unknown[]) => unknown;
}

/** The same for a function that seems to need an object: its calls on one are refused. */
function namedMethod(name: string, { info }: Definition, call: (args: unknown[]) => unknown) {
  const made = {
    [name](this: unknown, ...args: unknown[]) {
      return isReceiver(this) ? Promise.reject(refusedReceiver(info.id, this)) : call(args);
    },
  };
  return made[name] as (...args: unknown[]) => unknown;
}

/** A class is one, too: of its static methods. */
function isReceiver(value: unknown): value is object {
  if (typeof value === 'function') return true;
  if (typeof value !== 'object' || value === null || value === globalThis) return false;
  return !types.isModuleNamespaceObject(value);
}

function refusedReceiver(functionId: string, receiver: object): KeyError {
  const what = receiverWords(receiver);
  return new KeyError(
    `${functionId} uses \`this\`, and was called on ${what}; in a memoized function \`this\` is ` +
      'undefined, because an object and its methods do not cross to another thread. Memoize a function ' +
      'that takes what it needs as arguments, and call that in the method.',
    { functionId, path: 'this' },
  );
}

function receiverWords(receiver: object): string {
  if (types.isProxy(receiver)) return 'a Proxy';
  return typeof receiver === 'function'
    ? shown(receiver)
    : `an instance of ${classNameOf(receiver)}`;
}

/** Threads that compute what is forked here; a thread of a pool does not know, and takes it for a usual one. */
function threads(): number {
  const here = side();
  return here.kind === 'coordinator' ? here.threads : availableParallelism();
}

/** The side of this thread; the first use opens the default pool. */
function side(): Side {
  const installed = installedSide();
  if (installed && !installed.closed) return installed;
  const here = sideHere();
  if (here) return here;
  // It may have been attached at this very moment.
  if (keepToItself()) openPool({});
  return sideHere() as Side;
}

/** Not an async function: a hit should cost one promise. */
function run(how: 'call' | 'fork', call: Call): Promise<unknown> {
  if (call.args.length === 3) noteArgs(call);
  try {
    return side()[how](call);
  } catch (error) {
    return rejectedWith(error);
  }
}

/** Without a pool nothing is kept, nor are there tiers; a wrong argument is refused all the same. */
function invalidate(call: Call): Promise<void> {
  const here = sideHere();
  if (here) return here.invalidate(call);
  call.key;
  return Promise.resolve();
}

/** Without a pool nothing was ever computed. */
function explain(call: Call): Promise<Explanation> {
  const here = sideHere();
  if (here) return here.explain(call);
  call.key;
  return Promise.resolve({ ...NOTHING_FOUND, lastMiss: { reason: 'never' } });
}

function expire(call: Call): Promise<void> {
  const here = sideHere();
  if (here) return here.expire(call);
  call.key;
  return Promise.resolve();
}

function promised<T>(run: () => Promise<T>): Promise<T> {
  try {
    return run();
  } catch (error) {
    return rejectedWith(error);
  }
}

function noteArgs({ definition, args }: Call): void {
  noteListCallback(definition.info.id, definition.fn.length, args);
}

function runSync(call: Call): unknown {
  if (call.args.length === 3) noteArgs(call);
  const here = sideHere();
  if (here) return here.sync(call);
  throw refusedSync(call.definition.info.id);
}

function define(
  module: string | ImportMeta,
  fn: AnyFunction,
  options: MemoizeOptions,
  origin: Origin = {},
): Definition {
  // First, because a module that was forgotten makes everything else look wrong.
  moduleUrl(module);
  const resolved = resolveMemoizeOptions(fn, options);
  const { key } = resolved;
  const argsKey = (args: readonly unknown[]) => {
    try {
      return key ? chosenKey(args, key(...args)) : canonicalKey(args);
    } catch (error) {
      throw about(definition.info.id, error);
    }
  };
  shareWithChildren();
  const { definition, again } = register(module, fn, resolved, argsKey, origin);
  const installed = installedSide();
  if (again && installed && installed.kind !== 'pool') void installed.clear(definition);
  return definition;
}
