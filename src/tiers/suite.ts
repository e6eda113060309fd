/**
 * `threadmemo/tier-suite`: what every tier has to do, whatever stores it, for any test runner.
 *
 * The faults of a tier's own engine (away, slow, full, damaged) are for its own tests.
 */

import { deepEqual, equal, match, notEqual } from 'node:assert/strict';
import { leaseCases } from './lease-suite.ts';
import { caseWith, expectRecord, expectSame, record, type TierCase } from './suite-case.ts';
import type { Tier } from './tier.ts';

export type { OpenTier, TierCase } from './suite-case.ts';

/** What the tier does not do, and why: its cases are skipped then. */
export interface SuiteOptions {
  /** Says that the tier has no `lease`, and why: the cases of it are skipped. */
  readonly withoutLease?: string;
}

/**
 * Each case opens a tier, which must be empty and share nothing with another, and closes it.
 * @param options what the tier cannot do
 *
 * @example
 * import { test } from 'node:test';
 * import { tierCases } from 'threadmemo/tier-suite';
 *
 * for (const { name, skip, run } of tierCases()) {
 *   test(name, { skip }, () => run(() => myTier({ ... })));
 * }
 */
export function tierCases({ withoutLease }: SuiteOptions = {}): TierCase[] {
  if (withoutLease === undefined) return [...cases, ...leaseCases];
  const skipped = leaseCases.map((each) => ({ ...each, skip: withoutLease }));
  return [...cases, noLease, ...skipped];
}

const noLease = caseWith('has no lease, as was declared', async (tier: Tier) => {
  equal(tier.lease, undefined);
});

const cases: readonly TierCase[] = [
  caseWith('has a name', async (tier) => {
    match(tier.name, /./);
  }),

  caseWith('knows nothing at first', async (tier) => {
    await expectRecord(tier, 'f', 'f(1)', undefined);
    await tier.delete('f', 'f(1)');
    await tier.clear('f');
    await tier.clear();
  }),

  caseWith('returns what was set, byte for byte', async (tier) => {
    const never = { ...record([7]), expiresAt: Number.POSITIVE_INFINITY };
    const records = [record([0, 255, 1], 'buffer'), record([], 'undefined'), never];
    for (const [n, each] of records.entries()) await tier.set('f', `f(${n})`, each);
    for (const [n, each] of records.entries()) await expectRecord(tier, 'f', `f(${n})`, each);
  }),

  caseWith('keeps the last of two records', async (tier) => {
    await tier.set('f', 'f(1)', record([1]));
    await tier.set('f', 'f(1)', record([2]));
    await expectRecord(tier, 'f', 'f(1)', record([2]));
  }),

  caseWith('tells apart any two keys, and any two functions', async (tier) => {
    const long = 'x'.repeat(3000);
    const keys = ['f(1)', '(1)', 'f(\ud800)', 'f(\udc00)', 'f(\ufffd)', 'f(é)', 'f(e\u0301)'];
    keys.push(`f(${long}1)`, `f(${long}2)`, 'ff(1)', 'f/../g(1)', 'f(\0)');
    const all = ['f', 'ff', '\ud800', '\ufffd'].flatMap((fn) => keys.map((key) => ({ fn, key })));
    await Promise.all(all.map(({ fn, key }, at) => tier.set(fn, key, record([at]))));
    for (const [at, { fn, key }] of all.entries()) await expectRecord(tier, fn, key, record([at]));
  }),

  caseWith('deletes one key, and only that', async (tier) => {
    await tier.set('f', 'f(1)', record([1]));
    await tier.set('f', 'f(2)', record([2]));
    await tier.delete('f', 'f(1)');
    await expectRecord(tier, 'f', 'f(1)', undefined);
    await expectRecord(tier, 'f', 'f(2)', record([2]));
  }),

  caseWith('discards one record, if it can, and only that', async (tier) => {
    await tier.set('f', 'f(1)', record([1]));
    await tier.set('f', 'f(2)', record([2]));
    await tier.discard?.('f', 'f(1)');
    await expectRecord(tier, 'f', 'f(1)', tier.discard ? undefined : record([1]));
    await expectRecord(tier, 'f', 'f(2)', record([2]));
    await tier.set('f', 'f(1)', record([3]));
    await expectRecord(tier, 'f', 'f(1)', record([3]));
  }),

  caseWith('clears one function, or all', async (tier) => {
    for (const fn of ['f', 'g', 'h']) await tier.set(fn, `${fn}(1)`, record([1]));
    await tier.clear('f');
    await expectRecord(tier, 'f', 'f(1)', undefined);
    await expectRecord(tier, 'g', 'g(1)', record([1]));
    await tier.clear();
    await expectRecord(tier, 'g', 'g(1)', undefined);
    await expectRecord(tier, 'h', 'h(1)', undefined);
  }),

  caseWith('clears the functions whose ids begin alike, if it can tell', async (tier) => {
    if (!tier.clearPrefix) return;
    const ids = ['shop|f', 'shop|g@1', 'shopping|f', 'f'];
    for (const id of ids) await tier.set(id, `${id}(1)`, record([1]));
    await tier.clearPrefix('shop|');
    for (const id of ids.slice(0, 2)) await expectRecord(tier, id, `${id}(1)`, undefined);
    for (const id of ids.slice(2)) await expectRecord(tier, id, `${id}(1)`, record([1]));
  }),

  caseWith('says at once what get says, if it says anything at once', async (tier) => {
    const now = (key: string) => (tier.getNow ? tier.getNow('f', key) : 'later');
    await tier.set('f', 'f(1)', record([1]));
    await tier.set('f', 'f(2)', record([2]));
    await tier.set('f', 'f(2)', record([3]));
    await tier.delete('f', 'f(1)');
    const expected = { 'f(0)': undefined, 'f(1)': undefined, 'f(2)': record([3]) };
    for (const [key, its] of Object.entries(expected)) {
      const said = now(key);
      if (said !== 'later') expectSame(said, its, key);
    }
    await tier.clear();
    const cleared = now('f(2)');
    if (cleared !== 'later') expectSame(cleared, undefined, 'f(2)');
  }),

  caseWith('returns the tags of a record, and their generations', async (tier) => {
    const tags = [
      { name: 'tuser:1', generation: new Uint8Array([0, 255, 7]) },
      { name: `t\ud800 ${'é'.repeat(250)}`, generation: new Uint8Array([]) },
    ];
    await tier.set('f', 'f(1)', { ...record([1]), tags });
    await tier.set('f', 'f(2)', record([2]));
    const found = await tier.get('f', 'f(1)');
    deepEqual(
      found?.tags?.map(({ name, generation }) => ({ name, generation: [...generation] })),
      tags.map(({ name, generation }) => ({ name, generation: [...generation] })),
    );
    equal((await tier.get('f', 'f(2)'))?.tags?.length ?? 0, 0);
  }),

  caseWith('returns bytes that stay as they are', async (tier) => {
    await tier.set('f', 'f(1)', record([1, 2, 3]));
    const before = await tier.get('f', 'f(1)');
    notEqual(before, undefined);
    await tier.set('f', 'f(1)', record([4, 5, 6]));
    await tier.get('f', 'f(1)');
    await tier.delete('f', 'f(1)');
    equal(String(before?.value.bytes), '1,2,3');
  }),
];
