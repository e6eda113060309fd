/**
 * What happens to computations by a plan of faults: in every thread, and on the main thread.
 *
 * What happens to one is drawn from the seed and the number of its lease: with `threads: 0` the same calls
 * meet the same faults again; with threads, as far as they come in the same order.
 */

import { isMainThread } from 'node:worker_threads';
import { setTimeout } from '../runtime/globals.ts';
import { countFault, type FaultPlan, injected, KILLED } from './fault-plan.ts';
import { randomOf } from './random.ts';

let plan: FaultPlan | undefined;

/** In this thread, from now on; without a plan there are none. */
export function planFaults(planned: FaultPlan | undefined): void {
  plan = planned;
}

/** Runs a function, unless a fault comes first. */
export function withFaults<T>(lease: number, run: () => T): T {
  return plan === undefined ? run() : faulty(plan, lease, run);
}

function faulty<T>(its: FaultPlan, lease: number, run: () => T): T {
  const random = randomOf(its.seed ^ Math.imul(lease, 0x9e3779b1));
  const [kills, fails, delays] = [random() < its.kill, random() < its.fail, random() < its.delay];
  const ms = random() * its.longest;
  if (kills && !isMainThread) {
    countFault(its, 'killed');
    // A worker's `process.exit` ends its thread only: before the function, or in the midst of it if that awaits.
    if (random() < 0.5) process.exit(KILLED);
    setTimeout(() => process.exit(KILLED), ms);
  }
  if (fails) {
    countFault(its, 'failed');
    throw injected(`this computation fails by faults({ seed: ${its.seed} })`);
  }
  if (!delays) return run();
  countFault(its, 'delayed');
  return late(run(), ms);
}

/** Keeps its thread if the function does, and else lets go of it. */
function late<T>(value: T, ms: number): T {
  if (value instanceof Promise) {
    const later = new Promise((resolve) => setTimeout(resolve, ms));
    return value.finally(() => later) as T;
  }
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
  return value;
}
