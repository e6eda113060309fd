/**
 * What fake timers (of Jest, vitest, sinon, `node:test`) replace, as it was when this module was
 * loaded: a pool is shared by many tests, and goes on whatever one of them does with time.
 *
 * From Node's modules rather than from `globalThis`, because a test runner may have replaced the
 * globals before it loads any module.
 */

import { performance as clock } from 'node:perf_hooks';
import timers from 'node:timers';
import { runInThisContext } from 'node:vm';

export const { setTimeout, clearTimeout, setInterval, clearInterval, setImmediate } = timers;

/**
 * Node's own, also where Jest has put another `process` in its place. To import `node:process` reads
 * all that it exports, and so opens the standard streams.
 */
export const { nextTick, hrtime }: NodeJS.Process = runInThisContext('process');

export const performance = {
  now: clock.now.bind(clock),
  timeOrigin: clock.timeOrigin,
  /** Milliseconds that this thread's event loop has waited for events so far. */
  idleTime: () => clock.eventLoopUtilization().idle,
};

export const RealDate = Date;
export const { now: dateNow } = Date;

const settled = Promise.resolve();

/** There is no module that has the global function; a promise's job is the same. */
export function queueMicrotask(run: () => void): void {
  void settled.then(run);
}
