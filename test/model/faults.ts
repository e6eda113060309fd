/**
 * Parts of the world that throw when a schedule says so: once, at their next use. What they stand for
 * is memory that cannot be had, a message that cannot be cloned, code of the program's own.
 */

import type { Memory } from '../../src/coordinator/memory.ts';
import type { Tier } from '../../src/tiers/tier.ts';

export const FAULTS = [
  'memory set',
  'memory get',
  'tier',
  'tier at once',
  'hand-over',
  'post',
  'deliver',
] as const;
export type Fault = (typeof FAULTS)[number];

/** Whatever else is thrown is a mistake. */
export class InjectedError extends Error {}

export class Faults {
  readonly #armed = new Set<Fault>();
  /** While the world is looked at nothing throws. */
  isOff = false;

  arm(fault: Fault): void {
    this.#armed.add(fault);
  }

  disarm(): void {
    this.#armed.clear();
  }

  trips(fault: Fault): boolean {
    return !this.isOff && this.#armed.delete(fault);
  }

  at(fault: Fault): void {
    if (this.trips(fault)) throw new InjectedError(fault);
  }
}

/** What a value is to replace is gone when room for the value cannot be had. */
export function withMemoryFaults(memory: Memory, faults: Faults): Memory {
  const set = memory.set.bind(memory);
  const get = memory.get.bind(memory);
  memory.set = (fn, key, ...rest) => {
    if (faults.trips('memory set')) {
      memory.delete(fn, key);
      throw new InjectedError('memory set');
    }
    set(fn, key, ...rest);
  };
  memory.get = (fn, key) => {
    faults.at('memory get');
    return get(fn, key);
  };
  return memory;
}

/** It throws, where it should reject. */
export function withTierFaults(tier: Tier, faults: Faults): Tier {
  const { getNow } = tier;
  return {
    ...tier,
    get(...args) {
      faults.at('tier');
      return tier.get(...args);
    },
    set(...args) {
      faults.at('tier');
      return tier.set(...args);
    },
    ...(getNow && {
      getNow(...args) {
        faults.at('tier at once');
        return getNow.apply(tier, args);
      },
    }),
  };
}
