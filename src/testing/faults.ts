/** Faults for the tests of users: `createPool({ faults: faults() })`. */

import { randomInt } from 'node:crypto';
import { type Duration, milliseconds, refuseUnknown, wrong } from '../options.ts';
import { FAULTS, type Fault, type FaultPlan } from './fault-plan.ts';

/** Shares are from 0 to 1: of all computations, or of all operations of each tier. */
export interface FaultOptions {
  /** A whole number: the same one draws the same faults. Default: a random one, which is printed. */
  readonly seed?: number;
  /** Computations whose thread exits, at the latest after `longest`. None on the main thread. Default: 0.01. */
  readonly kill?: number;
  /** Computations that throw an error with the code `ERR_THREADMEMO_INJECTED`. Default: 0.02. */
  readonly fail?: number;
  /** Computations that take up to `longest` more. Default: 0.1. */
  readonly delay?: number;
  /** Default: 20 ms. */
  readonly longest?: Duration;
  /** Operations that come late, get lost (what is to be deleted is refused), or find what is no record. Default of each: 0.05. */
  readonly tiers?: { readonly delay?: number; readonly lose?: number; readonly damage?: number };
  /** Where the seed is printed. Default: `console.error`. */
  readonly print?: (line: string) => void;
}

/** What a pool takes as its `faults`. */
export interface Faults {
  readonly seed: number;
  /** What has happened so far, in all threads. */
  counts(): Readonly<Record<Fault, number>>;
  /** For the pool. */
  readonly plan: FaultPlan;
}

/**
 * Makes faults that a pool takes: `createPool({ faults })`. Threads die, computations fail and are late, tiers
 * are late, forget and have records that are damaged; the code under test has to give right answers all
 * the same, or the error of a computation that was made to fail. A call fails with `WorkerLostError` when
 * its computation was killed as often as the pool's `attempts`.
 * @throws {OptionError}
 * @example
 * await using pool = await createPool({ faults: faults({ fail: 0 }), attempts: 10 });
 */
export function faults(options: FaultOptions = {}): Faults {
  const known = ['seed', 'kill', 'fail', 'delay', 'longest', 'tiers', 'print'];
  refuseUnknown(options, 'faults', known);
  const { tiers = {}, print = console.error, longest = 20 } = options;
  const { seed: given = randomInt(2 ** 31) } = options;
  if (typeof tiers !== 'object' || tiers === null) throw wrong('tiers', tiers, 'an object');
  refuseUnknown(tiers, 'faults', ['delay', 'lose', 'damage'], 'tiers.');
  if (typeof print !== 'function') throw wrong('print', print, 'a function');
  const seed = seedOf(given);
  const counts = new SharedArrayBuffer(FAULTS.length * Int32Array.BYTES_PER_ELEMENT);
  const plan = {
    seed,
    kill: shareOf('kill', options.kill, 0.01),
    fail: shareOf('fail', options.fail, 0.02),
    delay: shareOf('delay', options.delay, 0.1),
    longest: milliseconds('longest', longest),
    tiers: {
      delay: shareOf('tiers.delay', tiers.delay, 0.05),
      lose: shareOf('tiers.lose', tiers.lose, 0.05),
      damage: shareOf('tiers.damage', tiers.damage, 0.05),
    },
    counts,
  };
  print(`threadmemo: faults({ seed: ${seed} }) repeats the faults of this run`);
  const cells = new Int32Array(counts);
  const counted = () =>
    Object.fromEntries(FAULTS.map((fault, at) => [fault, Atomics.load(cells, at)]));
  return { seed, plan, counts: () => counted() as Record<Fault, number> };
}

function seedOf(value: unknown): number {
  if (Number.isSafeInteger(value)) return value as number;
  throw wrong('seed', value, 'a whole number');
}

function shareOf(option: string, value: unknown, byDefault: number): number {
  if (value === undefined) return byDefault;
  if (typeof value === 'number' && value >= 0 && value <= 1) return value;
  throw wrong(option, value, 'a share, from 0 to 1');
}
