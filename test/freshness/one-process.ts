/**
 * One process without its threads: the real coordinator, memory and tier chain, with time, chance and a
 * tier that are at hand. What a thread would report, a test reports.
 */

import assert from 'node:assert/strict';
import { keyOf } from '../../src/call/registry.ts';
import { Coordinator } from '../../src/coordinator/coordinator.ts';
import type { Answer, Lease, Waiter } from '../../src/coordinator/flight.ts';
import type { FunctionRecord } from '../../src/coordinator/function-record.ts';
import { Memory } from '../../src/coordinator/memory.ts';
import type { FunctionInfo, Portable } from '../../src/protocol.ts';
import { TierChain } from '../../src/tiers/chain.ts';
import { mapTier } from '../../src/tiers/map-tier.ts';
import type { TierRecord } from '../../src/tiers/tier.ts';
import { FakeClock } from '../fake-clock.ts';
import { PretendedPeer } from '../pretended-peer.ts';

const LIMITS = { max: 1000, maxSize: 2 ** 20, maxEntrySize: 2 ** 16 };

/** A call on the coordinator's thread, and what it was answered. */
class Caller implements Waiter {
  readonly peer = undefined;
  readonly mode = 'wait';
  parent: Waiter['parent'] = undefined;
  flight: Waiter['flight'] = undefined;
  place = 0;
  answer: Answer | undefined;

  deliver(answer: Answer): void {
    assert(!this.answer, 'answered twice');
    this.answer = answer;
  }

  lead(): void {}
  ledItself(): void {}
  forsaken(): void {}
}

export class OneProcess {
  readonly clock = new FakeClock();
  readonly memory = new Memory(LIMITS, this.clock);
  /** What the next draw gives. */
  chance = 0;
  readonly records = new Map<string, Map<string, TierRecord>>();
  readonly own = new PretendedPeer();
  readonly coordinator: Coordinator;

  constructor({ withTier = true } = {}) {
    this.coordinator = new Coordinator({
      clock: this.clock,
      memory: this.memory,
      tiers: new TierChain(withTier ? [mapTier(this.records)] : [], { clock: this.clock }),
      supply: { want() {}, spare: () => 0, replaces: () => false },
      attempts: 2,
      maxQueue: Number.POSITIVE_INFINITY,
      threads: 0,
      own: this.own,
      random: () => this.chance,
    });
  }

  /** A function of this name; all of its computations are the coordinator's own thread's. */
  fn(name: string, info: Partial<FunctionInfo> = {}): FunctionRecord {
    const max = Number.POSITIVE_INFINITY;
    return this.coordinator.define({
      id: name,
      module: 'file:///m.js',
      max,
      versioned: true,
      ...info,
    });
  }

  call(fn: FunctionRecord, key: string, refresh = false): Caller {
    const waiter = new Caller();
    const entry = refresh ? undefined : this.coordinator.hit(fn, key);
    if (entry) waiter.deliver({ state: 'value', entry: entry.id, value: entry.value });
    else this.coordinator.want({ fn, key, args: [], waiter, refresh });
    return waiter;
  }

  /** The computation of the key that goes on. */
  lease(fn: FunctionRecord, key: string): Lease | undefined {
    const leases = [...this.coordinator.computations()];
    return leases.find(({ flight }) => flight.fn === fn && flight.key === key);
  }

  /** Has the value computed. */
  async compute(fn: FunctionRecord, key: string, value: Portable, ttl: number): Promise<void> {
    const caller = this.call(fn, key, true);
    const { id } = this.lease(fn, key) as Lease;
    this.coordinator.settle({ type: 'complete', lease: id, value, ms: 1, ttl });
    assert.deepEqual(caller.answer, { state: 'value', entry: id, value });
    await settled();
  }

  /** What the tier has. */
  record({ info: { id } }: FunctionRecord, key: string): TierRecord | undefined {
    return this.records.get(id)?.get(keyOf(id, key));
  }
}

/** Lets the promises of the tier chain come to rest. */
export async function settled(): Promise<void> {
  for (let turns = 0; turns < 30; turns++) await undefined;
}
