/**
 * The leases that this process has in a store, whichever that is: they are renewed as long as they
 * are held, stored under once, and released when they are not wanted; in the store, too, even if that
 * could not be sent at first (`orphans.ts`).
 */

import type { Clock, Timer } from '../clock.ts';
import { Orphans } from './orphans.ts';

export interface HeldLease {
  /** It is renewed until it is over, and stored under once. */
  state: 'held' | 'storing' | 'over';
}

/** What is done in the store. */
export interface LeasesInStore<Lease> {
  /** Puts off their end. One that cannot be renewed is tried again, and lives for some seconds. */
  renew(leases: ReadonlySet<Lease>): void;
  /** Rejects when it could not be sent, and does nothing where the lease has ended. */
  release(lease: Lease): Promise<unknown>;
  /** Whether its server is there. */
  isThere(lease: Lease): boolean;
}

export class HeldLeases<Lease extends HeldLease> {
  readonly #inStore: LeasesInStore<Lease>;
  readonly #clock: Clock;
  readonly #renewEvery: number;
  readonly #held = new Set<Lease>();
  readonly #orphans: Orphans<Lease>;
  #timer: Timer | undefined;

  /** @param renewEvery milliseconds */
  constructor(inStore: LeasesInStore<Lease>, clock: Clock, renewEvery: number) {
    this.#inStore = inStore;
    this.#clock = clock;
    this.#renewEvery = renewEvery;
    this.#orphans = new Orphans((lease) => inStore.release(lease));
  }

  add(lease: Lease): void {
    this.#held.add(lease);
    this.#renewLater();
  }

  end(lease: Lease): void {
    lease.state = 'over';
    this.#held.delete(lease);
  }

  /**
   * It is renewed meanwhile: to compress a large value may take a while.
   * @param put stores the record if the lease has not ended, and says so
   */
  async store(lease: Lease, put: () => Promise<boolean>): Promise<boolean> {
    if (lease.state !== 'held') return false;
    lease.state = 'storing';
    try {
      return await put();
    } catch (error) {
      // It may have been stored; if it was not, no process is to wait for it.
      await this.#giveUp(lease).catch(() => {});
      throw error;
    } finally {
      this.end(lease);
    }
  }

  /** @throws when the store could not be reached; it is tried again */
  async release(lease: Lease): Promise<void> {
    if (lease.state === 'held') await this.#giveUp(lease);
  }

  /** It may be there, and is not held: it was asked for, and no answer has come. */
  orphan(lease: Lease): void {
    this.end(lease);
    this.#orphans.add(lease);
    this.#renewLater();
  }

  /** To be called when a server is there again. */
  releaseOrphans(): void {
    void this.#orphans.release((lease) => this.#inStore.isThere(lease));
  }

  /** Ends all of them; those whose end cannot be sent end by themselves. */
  async close(): Promise<void> {
    this.#timer?.cancel();
    const released = [...this.#held].map((lease) => this.release(lease));
    const isThere = (lease: Lease) => this.#inStore.isThere(lease);
    await Promise.allSettled([...released, this.#orphans.release(isThere)]);
  }

  async #giveUp(lease: Lease): Promise<void> {
    this.end(lease);
    try {
      await this.#inStore.release(lease);
    } catch (error) {
      this.orphan(lease);
      throw error;
    }
  }

  #renewLater(): void {
    this.#timer ??= this.#clock.after(this.#renewEvery, () => {
      this.#timer = undefined;
      if (this.#held.size === 0 && this.#orphans.isEmpty) return;
      this.#renewLater();
      this.#inStore.renew(this.#held);
      this.releaseOrphans();
    });
  }
}
