/** A tier around a tier loses nothing of the contract, whatever is added to that. */

import { expect, test, vi } from 'vitest';
import { WatchedTier } from '../../src/cli/watched-tier.ts';
import { Codec } from '../../src/protocol.ts';
import { Warnings } from '../../src/text/warnings.ts';
import { decorate, MEMBERS, type PacedTier } from '../../src/tiers/decorate.ts';
import { functionVersions } from '../../src/tiers/function-versions.ts';
import { limitedTier } from '../../src/tiers/limited-tier.ts';
import { PartVersions } from '../../src/tiers/part-versions.ts';
import type { LeaseAnswer, Tier, TierRecord } from '../../src/tiers/tier.ts';
import { versionedTier } from '../../src/tiers/versioned-tier.ts';
import { FakeClock } from '../fake-clock.ts';

const record: TierRecord = {
  value: { codec: Codec.true, bytes: new Uint8Array() },
  expiresAt: Number.POSITIVE_INFINITY,
  ms: 1,
};

/** Has all that a tier can have, or this does not compile; and needs its `this`. */
class Complete implements Required<Omit<PacedTier, 'pace'>> {
  readonly name = 'complete';
  readonly persistent = true;
  readonly directory = '/cache';
  readonly makesUp = true;
  readonly askedEvenIfSlow = true;
  readonly givesAway = true;
  readonly leaseFinds = true;
  readonly partVersions = new PartVersions({ idOf: (id) => id }, () => []);
  readonly reading = { module: 'file:///reader.js', data: undefined };
  readonly #asked: unknown[][] = [];

  get asked(): readonly unknown[][] {
    return this.#asked;
  }
  async get(...what: unknown[]): Promise<TierRecord> {
    this.#asked.push(['get', ...what]);
    return record;
  }
  getNow(...what: unknown[]): TierRecord {
    this.#asked.push(['getNow', ...what]);
    return record;
  }
  async set(...what: unknown[]): Promise<void> {
    this.#asked.push(['set', ...what]);
  }
  async delete(...what: unknown[]): Promise<void> {
    this.#asked.push(['delete', ...what]);
  }
  readAs(functionId: string): string {
    this.#asked.push(['readAs', functionId]);
    return functionId;
  }
  async see(...what: unknown[]): Promise<TierRecord> {
    this.#asked.push(['see', ...what]);
    return record;
  }
  used(...what: unknown[]): void {
    this.#asked.push(['used', ...what]);
  }
  async discard(...what: unknown[]): Promise<void> {
    this.#asked.push(['discard', ...what]);
  }
  async clear(...what: unknown[]): Promise<void> {
    this.#asked.push(['clear', ...what]);
  }
  async clearPrefix(...what: unknown[]): Promise<void> {
    this.#asked.push(['clearPrefix', ...what]);
  }
  async lease(...what: unknown[]): Promise<LeaseAnswer> {
    this.#asked.push(['lease', ...what]);
    return { state: 'found', record };
  }
  onInvalidate(heard: Parameters<NonNullable<Tier['onInvalidate']>>[0]): void {
    this.#asked.push(['onInvalidate']);
    heard({ of: 'all' });
  }
  async versionsOf(...what: unknown[]): Promise<string[]> {
    this.#asked.push(['versionsOf', ...what]);
    return [];
  }
  isUp(): boolean {
    return this.#asked.push(['isUp']) > 0;
  }
  async close(): Promise<void> {
    this.#asked.push(['close']);
  }
}

type TierMember = Exclude<keyof PacedTier, 'pace'>;
const members = Object.keys(MEMBERS).filter((each) => each !== 'pace') as TierMember[];
const calls: { readonly [member: string]: unknown[] } = {
  get: ['f', 'f(1)'],
  getNow: ['f', 'f(1)'],
  set: ['f', 'f(1)', record],
  readAs: ['f'],
  see: ['f', 'f(1)'],
  used: ['f', 'f(1)', 2],
  delete: ['f', 'f(1)'],
  discard: ['f', 'f(1)'],
  clear: ['f'],
  clearPrefix: ['f'],
  lease: ['f', 'f(1)', true],
  isUp: [],
  versionsOf: ['f'],
  close: [],
};

const clock = new FakeClock();
const versions = functionVersions({
  fingerprints: { of: () => '1f' },
  infoOf: () => undefined,
  warn: () => {},
});
/** And what each of them keeps back. */
const decorators: [string, (tier: Tier) => PacedTier, TierMember[]][] = [
  ['of nothing', (tier) => decorate(tier, {}), []],
  [
    'of time',
    (tier) => limitedTier(tier, { clock, timeout: 1000, warnings: new Warnings(clock) }),
    [],
  ],
  ['of versions', (tier) => versionedTier(tier, versions), ['clearPrefix']],
  ['of the command', (tier) => new WatchedTier(tier).tier, []],
];

test.each(decorators)(
  'a decorator %s passes on every member of the contract',
  (_, around, kept) => {
    const inner = new Complete();
    const tier = around(inner);
    for (const member of members) {
      if (kept.includes(member)) expect([member, tier[member]]).toEqual([member, undefined]);
      else if (MEMBERS[member] === 'value')
        expect([member, tier[member]]).toEqual([member, inner[member]]);
      else expect([member, typeof tier[member]]).toEqual([member, 'function']);
    }
  },
);

test.each(decorators)(
  'a decorator %s asks the tier itself, with all that was said',
  async (_, around, kept) => {
    const inner = new Complete();
    const tier = around(inner);
    const heard = vi.fn();
    tier.onInvalidate?.(heard);
    expect(heard.mock.calls).toEqual([[{ of: 'all' }]]);
    const asked = Object.entries(calls).filter(([member]) => !kept.includes(member as TierMember));
    for (const [member, what] of asked) {
      await Reflect.apply(
        tier[member as TierMember] as (...what: unknown[]) => unknown,
        tier,
        what,
      );
    }
    const all = asked.map(([member, what]) => [member, ...what]);
    expect(inner.asked).toEqual([['onInvalidate'], ...all]);
  },
);

test.each(decorators)('a decorator %s adds no method that the tier lacks', (_, around) => {
  const plain: Tier = {
    name: 'plain',
    get: async () => undefined,
    set: async () => {},
    delete: async () => {},
    clear: async () => {},
    close: async () => {},
  };
  // Whether it is late is known of every tier.
  const added = members.filter((each) => each !== 'isUp');
  const methods = added.filter((each) => typeof around(plain)[each] === 'function');
  expect(methods.sort()).toEqual(['clear', 'close', 'delete', 'get', 'set']);
});

test('every method of the contract is called here', () => {
  const methods = members.filter((each) => MEMBERS[each] === 'method' && each !== 'onInvalidate');
  expect(Object.keys(calls).sort()).toEqual(methods.sort());
});
