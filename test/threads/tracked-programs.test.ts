/**
 * Random programs of sums of sums (`track`), beside a naive recomputation: whatever is a hit, near or shared or
 * in a tier, whatever was evicted, and whatever is invalidated how, and by which thread, no answer is one that the naive one
 * could not give.
 *
 * `EFFORT=25` runs 10,000 programs.
 */

import fc from 'fast-check';
import { invalidateTags, type MemoPool, mapTier, type PoolOptions } from 'threadmemo';
import { expect, test } from 'vitest';
import { cases, inFull } from '../effort.ts';
import { fresh } from '../fixtures/counters-and-gates.ts';
import {
  change,
  forgets,
  quickLeaf,
  type Sum,
  sum,
  taggedLeaf,
  tagOf,
  truthOf,
} from '../fixtures/tracked.ts';
import { open } from './open.ts';

const LEAVES = 6;
const SUMS = 6;

const leaves = fc.uniqueArray(fc.nat({ max: LEAVES - 1 }), { maxLength: 3 });
const how = fc.constantFrom('call', 'fork', 'sync');
/** A sum is made of those before it only. */
const sums = fc.tuple(
  ...Array.from({ length: SUMS }, (_, at) =>
    fc.record({
      leaves,
      sums: at === 0 ? fc.constant([]) : fc.uniqueArray(fc.nat({ max: at - 1 }), { maxLength: 3 }),
      how,
    }),
  ),
);
const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ ask: fc.nat({ max: SUMS - 1 }) }) },
  { weight: 1, arbitrary: fc.record({ leaf: fc.nat({ max: LEAVES - 1 }) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      change: fc.nat({ max: LEAVES - 1 }),
      by: fc.constantFrom('key', 'function', 'tag', 'thread'),
      meanwhile: fc.option(fc.nat({ max: SUMS - 1 })),
    }),
  },
);
const program = fc.record({ sums, steps: fc.array(step, { minLength: 3, maxLength: 12 }) });

function naive(id: string, all: readonly Sum[], at: number): number {
  const { leaves: its, sums: others } = all[at] as Sum;
  const parts = [
    ...its.map((nth) => truthOf(`${id}/${nth}`)),
    ...others.map((other) => naive(id, all, other)),
  ];
  return parts.reduce((one, other) => one + other, 1);
}

let nth = 0;

/** Settles when no later call is answered with what was made of the leaf. */
async function forget(cell: string, isTagged: boolean, by: string): Promise<void> {
  const fn = isTagged ? taggedLeaf : quickLeaf;
  if (by === 'function') await fn.clear();
  else if (isTagged && by === 'tag') await invalidateTags(tagOf(cell));
  else if (isTagged && by === 'thread') await forgets('tag', cell, ++nth);
  else await fn.invalidate(cell);
}

type Program = typeof program extends fc.Arbitrary<infer Its> ? Its : never;

async function run({ sums: all, steps }: Program): Promise<void> {
  const id = fresh('program');
  const text = JSON.stringify({ id, sums: all });
  const ask = async (at: number) => expect(await sum(text, at)).toBe(naive(id, all, at));
  for (const each of steps) {
    if ('ask' in each) await ask(each.ask);
    else if ('leaf' in each)
      await (each.leaf % 2 === 0 ? quickLeaf : taggedLeaf)(`${id}/${each.leaf}`);
    else {
      // What is being made meanwhile may be old, and is kept nowhere then.
      const pending = each.meanwhile === null ? undefined : sum(text, each.meanwhile);
      const cell = `${id}/${each.change}`;
      change(cell);
      await forget(cell, each.change % 2 === 1, each.by);
      if (each.meanwhile !== null) await ask(each.meanwhile);
      await pending;
    }
  }
  for (let at = SUMS - 1; at >= 0; at--) await ask(at);
}

const pools: [string, PoolOptions, number][] = [
  ['without threads', { threads: 0 }, 100],
  ['with threads', { threads: 2 }, 100],
  ['with evictions', { threads: 2, max: 5 }, 100],
  ['with a tier and evictions', { threads: 1, max: 3, tiers: [mapTier()] }, 100],
];

test.each(inFull ? pools : pools.slice(1, 2))(
  '%s, no sum outlives a leaf',
  { timeout: 600_000 },
  async (_, options, count) => {
    const pool: MemoPool = await open(options);
    await fc.assert(fc.asyncProperty(program, run), { numRuns: cases(count) });
    expect(pool.inspect().flights).toEqual([]);
  },
);
