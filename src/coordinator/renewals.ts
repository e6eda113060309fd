/**
 * Records in tiers end sooner than memory's entry where its function has a `tti`: so much after they were
 * written; where that was for a refresh, after the last use before it. Uses put that off, of which this process tells
 * the tiers at most once in half a `tti`: with more than that left, nothing is written. The new end counts from the
 * last use that shared memory notes, so that no record outlives the entry in memory.
 *
 * Invariant: nothing is written that was forgotten since. In this process memory has the same entry at the moment
 * at which the record is handed to the tiers, which keep the order of operations on a key; between
 * processes the record is written under a tier's lease, which an invalidation ends. A tier that does
 * not lease may get it back if another process forgets it in that moment, as with a value that was computed.
 */

import { keyOf } from '../call/registry.ts';
import type { Clock } from '../clock.ts';
import type { TierChain } from '../tiers/chain.ts';
import type { TierRecord } from '../tiers/tier.ts';
import type { FunctionRecord } from './function-record.ts';
import type { Memory } from './memory.ts';

export interface RenewalsParts {
  readonly clock: Pick<Clock, 'date' | 'now'>;
  readonly memory: Memory;
  readonly tiers: TierChain;
}

export class Renewals {
  readonly #parts: RenewalsParts;
  /** Full keys. */
  readonly #underWay = new Set<string>();

  constructor(parts: RenewalsParts) {
    this.#parts = parts;
  }

  /** What memory has is used: unless it is not there, or has long to live in the tiers. Never rejects. */
  async renew(fn: FunctionRecord, key: string): Promise<void> {
    const { memory, tiers } = this.#parts;
    const { id, freshness } = fn.info;
    const { tti } = freshness ?? {};
    const entry = memory.peek(fn, key);
    const fullKey = keyOf(id, key);
    if (tti === undefined || !entry || tiers.empty || this.#underWay.has(fullKey)) return;
    this.#underWay.add(fullKey);
    const isHere = () => memory.peek(fn, key)?.id === entry.id;
    const isKept = await tiers.renew(id, fullKey, (record) =>
      isHere() ? this.#renewed(record, tti, this.#unusedFor(fn, key)) : undefined,
    );
    this.#underWay.delete(fullKey);
    if (!isKept) memory.deleteIf(fn, key, entry.id);
  }

  /** Milliseconds since the last use, which may have been long before this process is told of it. */
  #unusedFor(fn: FunctionRecord, key: string): number {
    const now = this.#parts.clock.now();
    return now - (this.#parts.memory.lastUse(fn, key) ?? now);
  }

  /** The record with a later end; `undefined` where that is not needed. */
  #renewed(record: TierRecord, tti: number, unusedFor: number): TierRecord | undefined {
    const { expiresAt, renewableFor = 0, dependsOn = [] } = record;
    const date = this.#parts.clock.date();
    // What it depends on cannot be looked up again: it ends sooner than it would have to.
    if (renewableFor === 0 || expiresAt - date > tti / 2 || dependsOn.length > 0) return undefined;
    const end = expiresAt + renewableFor;
    const renewed = Math.min(end, date - unusedFor + tti);
    if (renewed <= expiresAt) return undefined;
    return { ...record, expiresAt: renewed, renewableFor: end - renewed };
  }
}
