/** What a tier with leases has to do, as far as one process can see it. */

import { deepEqual, equal, ok } from 'node:assert/strict';
import { dateNow } from '../runtime/globals.ts';
import { caseWith, expectRecord, expectSame, record, type TierCase } from './suite-case.ts';
import type { LeaseAnswer, Tier, TierLease } from './tier.ts';

type Leasing = Tier & Required<Pick<Tier, 'lease'>>;
type Held = Extract<LeaseAnswer, { state: 'held' }>;

const f1 = ['f', 'f(1)'] as const;
const f2 = ['f', 'f(2)'] as const;
const g1 = ['g', 'g(1)'] as const;

async function granted(tier: Leasing, fn: string, key: string): Promise<TierLease> {
  const answer = await tier.lease(fn, key);
  ok(answer.state === 'granted', `${key} is ${answer.state}, and should be granted`);
  return answer.lease;
}

async function held(tier: Leasing, fn: string, key: string): Promise<Held> {
  const answer = await tier.lease(fn, key);
  ok(answer.state === 'held', `${key} is ${answer.state}, and should be held`);
  return answer;
}

/** A lease, a process that waits for it, and what happens then. */
function wakes(what: string, happens: (tier: Leasing, lease: TierLease) => Promise<unknown>) {
  return caseWith(`a waiting process is woken by ${what}`, async (tier: Leasing) => {
    const lease = await granted(tier, ...f1);
    const other = await granted(tier, ...g1);
    const { over } = await held(tier, ...f1);
    await happens(tier, lease);
    await over;
    await lease.release();
    await other.release();
  });
}

/** A lease that something has ended, after which nothing may be stored under it. */
function fences(what: string, happens: (tier: Leasing) => Promise<void>): TierCase {
  return caseWith(`nothing is stored under a lease after ${what}`, async (tier: Leasing) => {
    const lease = await granted(tier, ...f1);
    await happens(tier);
    equal(await lease.store(record([1])), false);
    await expectRecord(tier, ...f1, undefined);
    await (await granted(tier, ...f1)).store(record([2]));
    await expectRecord(tier, ...f1, record([2]));
  });
}

export const leaseCases: readonly TierCase[] = [
  caseWith(
    'a lease to compute what is stored already is granted to a refresh',
    async (tier: Leasing) => {
      await tier.set(...f1, record([1]));
      const answer = await tier.lease(...f1, true);
      ok(answer.state === 'granted', `it is ${answer.state}`);
      equal((await tier.lease(...f1, true)).state, 'held');
      equal(await answer.lease.store(record([2])), true);
      await expectRecord(tier, ...f1, record([2]));
    },
  ),
  caseWith('a lease: granted, held, and found when it was stored', async (tier: Leasing) => {
    const lease = await granted(tier, ...f1);
    (await held(tier, ...f1)).leave();
    equal(await lease.store(record([1])), true);
    const answer = await tier.lease(...f1);
    ok(answer.state === 'found', `it is ${answer.state}`);
    expectSame(answer.record, record([1]), 'what was found');
    await expectRecord(tier, ...f1, record([1]));
  }),

  caseWith('a record that was set is found without a lease', async (tier: Leasing) => {
    await tier.set(...f1, record([1]));
    equal((await tier.lease(...f1)).state, 'found');
  }),

  caseWith('a record that has expired is none', async (tier: Leasing) => {
    await tier.set(...f1, { ...record([1]), expiresAt: dateNow() - 1000 });
    await (await granted(tier, ...f1)).store(record([2]));
    await expectRecord(tier, ...f1, record([2]));
  }),

  caseWith('of many who ask at once, one is granted', async (tier: Leasing) => {
    const answers = await Promise.all(Array.from({ length: 50 }, () => tier.lease(...f1)));
    const states = answers.map(({ state }) => state).sort();
    deepEqual(states, ['granted', ...Array.from({ length: 49 }, () => 'held')]);
    for (const answer of answers) if (answer.state === 'granted') await answer.lease.release();
    await Promise.all(answers.map((answer) => answer.state === 'held' && answer.over));
  }),

  caseWith('keys and functions are leased independently', async (tier: Leasing) => {
    const leases = await Promise.all([f1, f2, g1].map(([fn, key]) => granted(tier, fn, key)));
    await leases[0]?.release();
    const { leave } = await held(tier, ...f2);
    leave();
    await (await granted(tier, ...f1)).store(record([1]));
    equal(await leases[1]?.store(record([2])), true);
    await leases[2]?.release();
    await expectRecord(tier, ...f1, record([1]));
    await expectRecord(tier, ...f2, record([2]));
    await expectRecord(tier, ...g1, undefined);
  }),

  wakes('its record', (_, lease) => lease.store(record([1]))),
  wakes('its release', (_, lease) => lease.release()),
  wakes('a delete', (tier) => tier.delete(...f1)),
  wakes('a clear of the function', (tier) => tier.clear('f')),
  wakes('a clear of all', (tier) => tier.clear()),

  caseWith('who has left is not waited for', async (tier: Leasing) => {
    const lease = await granted(tier, ...f1);
    const [one, other] = [await held(tier, ...f1), await held(tier, ...f1)];
    one.leave();
    one.leave();
    await lease.release();
    await other.over;
    other.leave();
  }),

  {
    name: 'a waiting process is woken by close, which ends the leases',
    skip: undefined,
    async run(open) {
      const tier = (await open()) as Leasing;
      const lease = await granted(tier, ...f1);
      const { over, leave } = await held(tier, ...f1);
      await tier.close();
      await over;
      leave();
      equal(await lease.store(record([1])), false);
      await lease.release();
    },
  },

  fences('a delete of its key', (tier) => tier.delete(...f1)),
  fences('a clear of its function', (tier) => tier.clear('f')),
  fences('a clear of all', (tier) => tier.clear()),

  caseWith('what happens to another key or function ends no lease', async (tier: Leasing) => {
    const lease = await granted(tier, ...f1);
    await tier.delete(...f2);
    await tier.clear('g');
    equal(await lease.store(record([1])), true);
    await expectRecord(tier, ...f1, record([1]));
  }),

  caseWith('a set without a lease leaves the lease alone', async (tier: Leasing) => {
    const lease = await granted(tier, ...f1);
    await tier.set(...f1, record([1]));
    equal(await lease.store(record([2])), true);
    await expectRecord(tier, ...f1, record([2]));
  }),

  caseWith('a discard of its record leaves the lease alone', async (tier: Leasing) => {
    const lease = await granted(tier, ...f1);
    await tier.set(...f1, record([1]));
    await tier.discard?.(...f1);
    equal(await lease.store(record([2])), true);
    await expectRecord(tier, ...f1, record([2]));
  }),

  caseWith('a lease ends once, and by its own holder', async (tier: Leasing) => {
    const first = await granted(tier, ...f1);
    await first.release();
    const second = await granted(tier, ...f1);
    equal(await first.store(record([1])), false);
    await first.release();
    await expectRecord(tier, ...f1, undefined);
    const stores = await Promise.all([second.store(record([2])), second.store(record([3]))]);
    deepEqual(stores, [true, false]);
    await second.release();
    await expectRecord(tier, ...f1, record([2]));
  }),
];
