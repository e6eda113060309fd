/**
 * What the modules of memoized functions export, for the classes of errors among it.
 *
 * A module's exports can be had by importing it once more, and that evaluates nothing, provided that
 * Node's own loader has evaluated it, under the very URL that `memoize` was given. A test runner may
 * have evaluated it in its own way instead, and a bundler may have written another URL: to import
 * that would run it. The stack of the call to `memoize` tells: the loader names scripts by URLs.
 */

import { isMainThread } from 'node:worker_threads';
import { systemClock } from '../clock.ts';
import type { Encoded } from '../protocol.ts';
import { enterExports, moduleAt } from '../values/error-classes.ts';
import { become, type Unclassed } from '../values/rebuild-thrown.ts';
import { decodeThrown } from '../values/thrown.ts';

/** URLs of modules that Node's loader has evaluated, or is evaluating. */
const evaluated = new Set<string>();
const learning = new Map<string, Promise<void>>();
/** Those that no error waits for (any more). */
const settled = new Set<string>();

/** Milliseconds: a module may be waiting, at its top level, for the very call that has failed. */
const LONGEST_WAIT = 500;

/**
 * The module calls `memoize` right now. Worker threads learn its exports as soon as it is evaluated,
 * because they report errors that cannot wait; the main thread when it receives an error.
 */
export function noteModule(url: string): void {
  if (evaluated.has(url) || !isOnTheStack(url)) return;
  evaluated.add(url);
  if (!isMainThread) void learn(url);
}

/** Settles when the exports of all modules that have been noted are known. */
export async function allExportsLearned(): Promise<void> {
  await Promise.all(learning.values());
}

/**
 * Calls `next` with what was thrown: at once, unless a class of it is to be found in a module whose
 * exports are not known yet.
 */
export function rebuilt(thrown: Encoded, next: (thrown: unknown) => void): void {
  const unclassed: Unclassed[] = [];
  const error = decodeThrown(thrown, unclassed);
  const modules = unclassed.map(({ address }) => moduleAt(address)).filter(isNews);
  if (modules.length === 0) return next(error);
  soon(Promise.all(modules.map(learn)), () => {
    for (const url of modules) settled.add(url);
    unclassed.forEach(become);
    next(error);
  });
}

function isNews(url: string): boolean {
  return evaluated.has(url) && !settled.has(url);
}

function learn(url: string): Promise<void> {
  const known = learning.get(url) ?? enter(url);
  learning.set(url, known);
  return known;
}

/** Never rejects: a module that fails has no exports. */
async function enter(url: string): Promise<void> {
  try {
    enterExports(url, await import(url));
  } catch {}
  settled.add(url);
}

/** When the promise has settled, or has taken too long. */
function soon(promise: Promise<unknown>, next: () => void): void {
  const awake = systemClock.stayAlive();
  let done = () => {
    done = () => {};
    awake.cancel();
    late.cancel();
    next();
  };
  const late = systemClock.after(LONGEST_WAIT, () => done());
  void promise.then(() => done());
}

function isOnTheStack(url: string): boolean {
  const { prepareStackTrace } = Error;
  try {
    Error.prepareStackTrace = (_, calls) => calls.some((call) => call.getFileName() === url);
    return (new Error() as { stack?: unknown }).stack === true;
  } finally {
    // Assigning undefined would make an own property of what was none.
    if (prepareStackTrace) Error.prepareStackTrace = prepareStackTrace;
    else Reflect.deleteProperty(Error, 'prepareStackTrace');
  }
}
