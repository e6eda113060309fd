/** How is a service with so many requests at a time imitated? Each caller waits, then asks the next. */
import { performance } from 'node:perf_hooks';

/**
 * @param width callers at a time
 * @param requests what is asked, each once, in this order
 * @returns milliseconds until the last answer
 */
export async function runCallers<Request>(
  width: number,
  requests: Iterable<Request>,
  ask: (request: Request) => Promise<void>,
): Promise<number> {
  const queue = requests[Symbol.iterator]();
  const caller = async () => {
    for (let next = queue.next(); !next.done; next = queue.next()) await ask(next.value);
  };
  const start = performance.now();
  await Promise.all(Array.from({ length: width }, caller));
  return performance.now() - start;
}

/** @throws {Error} when a contestant answered with something else: then its time means nothing */
export function expectAnswer(answer: unknown, expected: number): void {
  if (answer !== expected) throw new Error(`answered ${String(answer)} instead of ${expected}`);
}
