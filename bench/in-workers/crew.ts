/**
 * What is a contestant that works inside worker threads? A crew: so many workers, which fill what
 * they read from, and then all do one job at the same time.
 */
import type { Closable } from '../contestants/contestant.ts';
import type { KeyRange } from '../functions/cached-values.js';
import type { JobName, Orders, Report } from '../functions/jobs.js';

export interface Crew extends Closable {
  /** Set by one that caches nothing: all of the work again and again would take a minute. */
  readonly cachesNothing?: boolean;
  readonly workers: number;
  /** Forgets all there is, then puts the values of these keys where they will be read from. */
  fill(keys: readonly KeyRange[]): Promise<void>;
  /** Adds the values of so many numbers. */
  fillNumbered(first: number, count: number): Promise<void>;
  /** Gives each order to a worker of its own. */
  run<Name extends JobName>(job: Name, orders: readonly Orders[Name][]): Promise<Report[]>;
}

/** The same order for so many workers, who begin together. */
export function ordersFor<Order>(crowd: number, order: Order): (Order & { crowd: number })[] {
  return Array.from({ length: crowd }, () => ({ ...order, crowd }));
}

/** Nanoseconds that one worker took for one, on average over the workers. */
export function nanosecondsEach(reports: readonly Report[]): number {
  const each = reports.map(({ done, began, ended }) => ((ended - began) * 1e6) / done);
  return each.reduce((sum, ns) => sum + ns, 0) / each.length;
}

/** Milliseconds from when the first began until the last was done. */
export function wallOf(reports: readonly Report[]): number {
  const ended = Math.max(...reports.map((report) => report.ended));
  return ended - Math.min(...reports.map((report) => report.began));
}

export function doneBy(reports: readonly Report[]): number {
  return reports.reduce((sum, { done }) => sum + done, 0);
}
