/**
 * What an invalidation does to what is kept, and to what is under way.
 *
 * Invariant: what was leased or probed before an invalidation is not stored after it, in any tier. So
 * flights are fenced first; then memory and the tiers forget; and only then are the leases of tiers
 * asked for again that the invalidation has ended.
 */

import { argsKeyOf } from '../registry.ts';
import type { Invalidation, Tier } from '../tiers/tier.ts';
import type { Flights } from './flights.ts';
import type { FunctionRecord } from './function-record.ts';
import type { Kept } from './kept.ts';
import type { TierChain } from './tier-chain.ts';
import type { TierLeases } from './tier-leases.ts';

export interface InvalidatingParts {
  /** By id. */
  readonly functions: ReadonlyMap<string, FunctionRecord>;
  readonly flights: Flights;
  readonly kept: Kept;
  readonly tiers: TierChain;
  readonly tierLeases: TierLeases;
}

export class Invalidating {
  readonly #parts: InvalidatingParts;

  constructor(parts: InvalidatingParts) {
    this.#parts = parts;
  }

  /** Forgets one entry. Settles when no tier answers with it any more; memory does not at once. */
  one(fn: FunctionRecord, key: string): Promise<void> {
    const { kept, tierLeases } = this.#parts;
    this.#fence(fn, key);
    const forgotten = kept.forget(fn, key);
    tierLeases.fence(fn, key);
    return forgotten;
  }

  /** Forgets all entries of a function. Settles like {@link one}. */
  allOf(fn: FunctionRecord): Promise<void> {
    const { kept, tierLeases } = this.#parts;
    this.#fence(fn, undefined);
    const forgotten = kept.forgetAll(fn);
    tierLeases.fence(fn);
    return forgotten;
  }

  /** Forgets everything, of all functions. */
  async everything(): Promise<void> {
    const { functions, tiers } = this.#parts;
    const cleared = [...functions.values()].map((fn) => this.allOf(fn));
    await Promise.all([...cleared, tiers.clear()]);
  }

  /**
   * Another process has invalidated something in a tier: what was begun before is not kept here. The
   * other tiers may have it of functions that nobody here has called.
   */
  heard(from: Tier, what: Invalidation): void {
    const { functions, kept, tiers, tierLeases } = this.#parts;
    const { functionId, key: fullKey } = what;
    for (const fn of functions.values()) {
      const { id } = fn.info;
      if (functionId !== undefined && functionId !== id) continue;
      const key = fullKey === undefined ? undefined : argsKeyOf(id, fullKey);
      this.#fence(fn, key);
      kept.heard(fn, key);
      tierLeases.fence(fn, key);
    }
    tiers.forgetBeside(from, what);
  }

  #fence(fn: FunctionRecord, key: string | undefined): void {
    const { flights } = this.#parts;
    const flight = key === undefined ? undefined : flights.live(fn, key);
    if (key === undefined) flights.fenceAll(fn);
    else if (flight) flights.fence(flight);
  }
}
