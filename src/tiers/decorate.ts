/**
 * A tier around a tier: what it does not replace goes through to the one inside.
 *
 * Invariant: no member of the contract is lost on the way. `MEMBERS` is the one place that lists them,
 * and does not compile unless it has them all.
 */

import type { ReadableTier } from '../protocol.ts';
import type { Pace } from './pace.ts';
import type { PartVersions } from './part-versions.ts';
import type { Tier, TierRecord } from './tier.ts';

/** A tier of which more is known: how fast it answers, and how threads read it by themselves. */
export interface PacedTier extends Tier {
  readonly pace?: Pace;
  readonly reading?: TierReading;
  /** Its `lease` answers with a record wherever `get` would, also while another process has the lease. */
  readonly leaseFinds?: boolean;
  /** Which code the parts of records have, where it outlives the process. */
  readonly partVersions?: PartVersions;
  /** What it calls a function, for a thread that reads it. */
  readAs?(functionId: string): string | Promise<string>;
  /** What `get` would say, to explain it: counts as no use. Default: `get` is asked. */
  see?(functionId: string, key: string): Promise<TierRecord | undefined>;
  /** A thread has read the record so many times. */
  used?(functionId: string, key: string, times: number): void;
}

/** What a thread needs to open it. */
export type TierReading = Omit<ReadableTier, 'fences'>;

type Members = Required<PacedTier>;
type AnyMethod = (...args: never[]) => unknown;

export const MEMBERS = {
  name: 'value',
  persistent: 'value',
  directory: 'value',
  makesUp: 'value',
  askedEvenIfSlow: 'value',
  givesAway: 'value',
  pace: 'value',
  reading: 'value',
  leaseFinds: 'value',
  partVersions: 'value',
  readAs: 'method',
  see: 'method',
  used: 'method',
  get: 'method',
  getNow: 'method',
  set: 'method',
  delete: 'method',
  discard: 'method',
  clear: 'method',
  clearPrefix: 'method',
  lease: 'method',
  onInvalidate: 'method',
  isUp: 'method',
  versionsOf: 'method',
  close: 'method',
} as const satisfies {
  readonly [Member in keyof Members]: Members[Member] extends AnyMethod ? 'method' : 'value';
};

type Member = keyof typeof MEMBERS;

/** What becomes of a method, where the tier inside has it. Those of the tier keep their `this`. */
export type Wraps = {
  readonly [Each in Member as Members[Each] extends AnyMethod ? Each : never]?: (
    inner: Members[Each],
  ) => Members[Each];
};

/** What stands in place of a member, whether the tier inside has it or not; `undefined` for none. */
export type Replaced = { readonly [Each in Member]?: PacedTier[Each] | undefined };

export function decorate(tier: PacedTier, wraps: Wraps, replaced: Replaced = {}): PacedTier {
  const decorated: Record<string, unknown> = {};
  for (const member of Object.keys(MEMBERS) as Member[]) {
    const its = member in replaced ? replaced[member] : passedOn(tier, member, wraps);
    if (its !== undefined) decorated[member] = its;
  }
  return decorated as unknown as PacedTier;
}

function passedOn(tier: PacedTier, member: Member, wraps: Wraps): unknown {
  const its = tier[member];
  if (MEMBERS[member] === 'value' || typeof its !== 'function') return its;
  // Looked up at each call: a tier may exchange its methods later.
  const inner = (...args: unknown[]) =>
    Reflect.apply(tier[member] as AnyMethod, tier, args as never[]);
  const wrap = wraps[member as keyof Wraps] as ((its: AnyMethod) => AnyMethod) | undefined;
  return wrap ? wrap(inner) : inner;
}
