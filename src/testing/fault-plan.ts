/** Which faults there are to be, as plain data that crosses to threads, and where they are counted. */

/** Shares, from 0 to 1; what a thread or a tier draws from them follows from the seed. */
export interface FaultPlan {
  readonly seed: number;
  readonly kill: number;
  readonly fail: number;
  readonly delay: number;
  /** Milliseconds. */
  readonly longest: number;
  readonly tiers: { readonly delay: number; readonly lose: number; readonly damage: number };
  /** Int32: one cell for each of `FAULTS`. */
  readonly counts: SharedArrayBuffer;
}

export const FAULTS = [
  'killed',
  'failed',
  'delayed',
  'tierDelayed',
  'tierLost',
  'tierDamaged',
] as const;
/** The kinds of faults that `faults()` makes. */
export type Fault = (typeof FAULTS)[number];

export function countFault({ counts }: FaultPlan, fault: Fault): void {
  Atomics.add(new Int32Array(counts), FAULTS.indexOf(fault), 1);
}

/** What a thread that a fault ends exits with. */
export const KILLED = 217;
const INJECTED = 'ERR_THREADMEMO_INJECTED';

export function injected(message: string): Error {
  return Object.assign(new Error(message), { name: 'InjectedError', code: INJECTED });
}

export function isInjected(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === INJECTED;
}
