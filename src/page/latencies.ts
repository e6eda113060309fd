/**
 * How long the operations of tiers take, by the events of `threadmemo.tier`: measured only while it listens, so
 * that without a viewer no operation is traced for it.
 */

import type { Clock } from '../clock.ts';
import { type TierEvent, tierOperations } from '../events/channels.ts';
import type { PageTier } from './snapshot.ts';

export class Latencies {
  readonly #clock: Clock;
  readonly #begun = new WeakMap<object, number>();
  readonly #tiers = new Map<string, { count: number; sum: number; slowest: number }>();
  readonly #subscriber = {
    start: (event: object) => void this.#begun.set(event, this.#clock.now()),
    asyncEnd: (event: object) => this.#ended(event as TierEvent),
  } as Parameters<typeof tierOperations.subscribe>[0];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  listen(): void {
    tierOperations.subscribe(this.#subscriber);
  }

  stop(): void {
    tierOperations.unsubscribe(this.#subscriber);
    this.#tiers.clear();
  }

  of(tier: string): PageTier['latency'] {
    const found = this.#tiers.get(tier);
    return found ? { mean: found.sum / found.count, slowest: found.slowest } : null;
  }

  #ended(event: TierEvent): void {
    const begun = this.#begun.get(event);
    if (begun === undefined) return;
    const ms = this.#clock.now() - begun;
    const { count, sum, slowest } = this.#tiers.get(event.tier) ?? { count: 0, sum: 0, slowest: 0 };
    this.#tiers.set(event.tier, {
      count: count + 1,
      sum: sum + ms,
      slowest: Math.max(slowest, ms),
    });
  }
}
