/**
 * What becomes of a value: it is kept in memory and written to the tiers, or neither; and what an
 * invalidation takes out of both.
 */

import type { Clock } from '../clock.ts';
import type { Computed } from '../protocol.ts';
import { keyOf } from '../registry.ts';
import type { TierLease } from '../tiers/tier.ts';
import { toEncoded } from '../values/portable.ts';
import type { Flight } from './flight.ts';
import type { Found } from './found.ts';
import type { FunctionRecord } from './function-record.ts';
import type { Store } from './store.ts';
import type { TierChain } from './tier-chain.ts';

export class Kept {
  readonly #clock: Clock;
  readonly #store: Store;
  readonly #tiers: TierChain;

  constructor(clock: Clock, store: Store, tiers: TierChain) {
    this.#clock = clock;
    this.#store = store;
    this.#tiers = tiers;
  }

  /** `id`: the lease that has computed it. `lease`: the tiers', which ends. */
  keep(flight: Flight, computed: Computed, id: number, lease: TierLease | undefined): void {
    const { value, ttl, ms } = computed;
    const { fn, key, fullKey } = flight;
    if (ttl <= 0) return this.#leaveOut(flight, lease);
    this.#store.set(fn, key, computed, id);
    if (this.#tiers.empty) return;
    const record = { value: toEncoded(value), ms, expiresAt: this.#clock.date() + ttl };
    const { refreshes: replaces } = flight;
    const written = this.#tiers.set(fn.info.id, fullKey, record, { lease, replaces });
    void written.then((isKept) => {
      if (!isKept) this.#store.deleteIf(fn, key, id);
    });
  }

  /** A tier's value that can be told at once, unless it has expired. Leaves memory as it is. */
  peek(fn: FunctionRecord, key: string): Found | undefined {
    const { id } = fn.info;
    const found = this.#tiers.empty ? undefined : this.#tiers.peek(id, keyOf(id, key));
    return found && found.expiresAt > this.#clock.date() ? found : undefined;
  }

  /** Keeps a tier's value in memory, and counts it; false if it has expired. */
  found({ fn, key, waiters }: Flight, { encoded, expiresAt, ms }: Found, id: number): boolean {
    const ttl = expiresAt - this.#clock.date();
    if (ttl <= 0) return false;
    fn.counters.tierHits++;
    fn.counters.computeMsSaved += ms * waiters.length;
    this.#store.set(fn, key, { value: encoded, ms, ttl }, id);
    return true;
  }

  /** Settles when no tier answers with it any more; memory does not at once. */
  forget(fn: FunctionRecord, key: string): Promise<void> {
    this.#store.delete(fn, key);
    return this.#tiers.delete(fn.info.id, keyOf(fn.info.id, key));
  }

  /** Of one function; settles like {@link forget}. */
  forgetAll(fn: FunctionRecord): Promise<void> {
    this.#store.clear(fn);
    return this.#tiers.clear(fn.info.id);
  }

  /** Another process has invalidated a key of a function, or all: so memory forgets it. */
  heard(fn: FunctionRecord, key: string | undefined): void {
    if (key === undefined) this.#store.clear(fn);
    else this.#store.delete(fn, key);
  }

  /** A value that is not to be kept may still have taken the place of an older one. */
  #leaveOut({ fn, key, fullKey, refreshes }: Flight, lease: TierLease | undefined): void {
    if (lease) this.#tiers.release(fullKey, lease);
    if (refreshes) void this.forget(fn, key);
  }
}
