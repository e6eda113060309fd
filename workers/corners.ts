/** Memoized functions for the narrow places between a thread's calls, its batches and its sleep. */

import { currentSignal, memoize } from 'threadmemo';
import { count, counted } from './shared.ts';

const here = import.meta.url;

/** Keeps the thread busy, without its event loop, until the counter has moved. */
function spinUntil(name: string): void {
  while (counted(name) === 0);
}

export const tiny = memoize(here, function tiny(n: number): number {
  return n;
});

/** Calls `tiny` for large numbers only: until then nobody knows that it makes calls. */
export const maybe = memoize(here, function maybe(n: number): number | Promise<number> {
  return n < 1000 ? n : tiny(n);
});

export const holds = memoize(here, function holds(gate: string): void {
  count(`${gate}:holds`);
  spinUntil(`${gate}:go`);
});

/** As short as `tiny`, unless there is a gate: then it keeps the thread busy until `<gate>:go`. */
export const stalls = memoize(here, function stalls(n: number, gate?: string): number {
  if (gate === undefined) return n;
  count(`${gate}:stalls`);
  spinUntil(`${gate}:go`);
  return n;
});

/** Asks for `tiny(n)`, and leaves before it can have read the answer. */
export const leaves = memoize(
  here,
  async function leaves(gate: string, n: number): Promise<string> {
    const abort = new AbortController();
    const call = tiny.with({ signal: abort.signal })(n);
    spinUntil(`${gate}:go`);
    abort.abort(new Error('left'));
    return call.then(String, (error: Error) => error.message);
  },
);

/** Makes a call just after it has returned. */
export const lingers = memoize(here, function lingers(n: number): string {
  void Promise.resolve().then(() => tiny(n));
  return 'returned';
});

/** Makes two calls, one after the other, that nobody awaits. */
export const trails = memoize(here, function trails(n: number): string {
  void tiny(n).then(() => tiny(n + 1));
  return 'returned';
});

/** Blocks for an answer, and asks again from the abort listener that runs meanwhile. */
export const asksTwice = memoize(here, function asksTwice(gate: string): void {
  currentSignal().addEventListener('abort', () => tiny.has(2));
  count(`${gate}:ready`);
  spinUntil(`${gate}:go`);
  tiny.has(1);
  count(`${gate}:through`);
});
