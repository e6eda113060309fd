/** What was invalidated while it was computed is kept all the same, or is served somewhere. */

import { describe, expect, test } from 'vitest';
import { counted, fresh, lift, reaches } from '../fixtures/counters-and-gates.ts';
import {
  asksStaged,
  forgets,
  looksTwice,
  ordinal,
  refreshesStaged,
  renews,
  staged,
} from '../fixtures/distinct-results.ts';
import { openForAll } from './open.ts';

openForAll({ threads: 4 });

const ways = [
  ['invalidate()', (gate: string) => staged.invalidate(gate)],
  ['clear()', () => staged.clear()],
  ['invalidate() in a thread', (gate: string) => forgets(gate, 'this')],
  ['clear() in a thread', (gate: string) => forgets(gate, 'all')],
] as const;

function started(gate: string, nth: number): Promise<void> {
  return reaches(`${gate}:started`, nth);
}

describe.each(ways)('%s while it is computed', (_, forget) => {
  test('who asked before gets the old value, which is not kept', async () => {
    const gate = fresh('old');
    const before = [staged(gate), staged(gate), asksStaged(gate, 'before')];
    await reaches(`${gate}:asked`, 1);
    await started(gate, 1);
    await forget(gate);
    lift(`${gate}:1`);
    for (const each of await Promise.all(before)) expect(each.nth).toBe(1);

    expect(staged.has(gate)).toBe(false);
    lift(`${gate}:2`);
    expect(await staged(gate)).toMatchObject({ nth: 2 });
  });

  test('who asks afterwards gets a new one, which the old one does not replace', async () => {
    const gate = fresh('new');
    const before = staged(gate);
    await started(gate, 1);
    await forget(gate);
    const after = [staged(gate), asksStaged(gate, 'after')];
    await reaches(`${gate}:asked`, 1);
    await started(gate, 2);
    lift(`${gate}:2`);
    for (const each of await Promise.all(after)) expect(each.nth).toBe(2);
    lift(`${gate}:1`);

    expect(await before).toMatchObject({ nth: 1 });
    expect(staged.peek(gate)).toMatchObject({ nth: 2 });
    expect(await staged(gate)).toMatchObject({ nth: 2 });
    expect(counted(`${gate}:started`)).toBe(2);
  });

  test('a thread that asks afterwards computes anew itself', async () => {
    const gate = fresh('thread');
    const before = asksStaged(gate, 'before');
    await started(gate, 1);
    await forget(gate);
    const after = asksStaged(gate, 'after');
    await started(gate, 2);
    lift(`${gate}:1`);
    expect(await before).toMatchObject({ nth: 1 });
    expect(staged.has(gate)).toBe(false);
    lift(`${gate}:2`);
    expect(await after).toMatchObject({ nth: 2 });
    expect(staged.peek(gate)).toEqual(await after);
  });

  test('what was kept is forgotten', async () => {
    const gate = fresh('kept');
    lift(`${gate}:1`);
    lift(`${gate}:2`);
    await staged(gate);
    expect(staged.has(gate)).toBe(true);
    await forget(gate);
    expect(staged.has(gate)).toBe(false);
    expect(staged.peek(gate)).toBe(undefined);
    expect(await staged(gate)).toMatchObject({ nth: 2 });
  });
});

test('invalidate() forgets one, and leaves the others alone', async () => {
  const [one, other] = [fresh('one'), fresh('other')];
  await Promise.all([ordinal(one), ordinal(other)]);
  await ordinal.invalidate(one);
  expect([ordinal.has(one), ordinal.has(other)]).toEqual([false, true]);
});

test('memory has forgotten when invalidate() and clear() return', async () => {
  const cell = fresh('at-once');
  await ordinal(cell);
  const invalidated = ordinal.invalidate(cell);
  expect(ordinal.has(cell)).toBe(false);
  await invalidated;
  await ordinal(cell);
  const cleared = ordinal.clear();
  expect(ordinal.has(cell)).toBe(false);
  await cleared;
});

test.each([
  ['invalidate()', (cell: string) => ordinal.invalidate(cell)],
  ['clear()', () => ordinal.clear()],
])('%s reaches threads that were blocked meanwhile', async (_, forget) => {
  const cell = fresh('blocked');
  await ordinal(cell);
  const looks = [looksTwice(cell, 'one'), looksTwice(cell, 'other')];
  await reaches(`${cell}:looked`, 2);
  await forget(cell);
  expect(await ordinal(cell)).toBe(2);
  lift(`${cell}:change`);

  for (const [first, second] of await Promise.all(looks)) {
    expect(first).toEqual({ has: true, peek: 1, value: 1 });
    expect(second).toEqual({ has: true, peek: 2, value: 2 });
  }
});

test('a thread sees that there is nothing any more', async () => {
  const cell = fresh('gone');
  const looks = looksTwice(cell, 'only');
  await reaches(`${cell}:looked`, 1);
  await ordinal.invalidate(cell);
  lift(`${cell}:change`);
  const [first, second] = await looks;
  expect(first).toEqual({ has: false, peek: undefined, value: 1 });
  expect(second).toEqual({ has: false, peek: undefined, value: 2 });
});

describe('forceRefresh', () => {
  test.each([
    ['on the main thread', (gate: string) => staged.with({ forceRefresh: true })(gate)],
    ['in a thread', refreshesStaged],
  ])('%s computes anew, and replaces what there is', async (_, refresh) => {
    const gate = fresh('refresh');
    lift(`${gate}:1`);
    await staged(gate);
    const refreshed = refresh(gate);
    await started(gate, 2);
    expect(staged.peek(gate)).toMatchObject({ nth: 1 });
    expect(await staged(gate)).toMatchObject({ nth: 1 });
    lift(`${gate}:2`);
    expect(await refreshed).toMatchObject({ nth: 2 });
    expect(await staged(gate)).toMatchObject({ nth: 2 });
  });

  test.each(['forceRefresh', 'maxAge'] as const)(
    'in a thread, nothing that comes after it is older: %s',
    async (limits) => {
      const sights = await renews(fresh('renewed'), limits, 50);
      expect(sights).toEqual(Array(50).fill({ has: true, peek: 2, value: 2 }));
    },
  );

  test('joins what is under way', async () => {
    const gate = fresh('refresh');
    const first = staged(gate);
    await started(gate, 1);
    const joined = staged.with({ forceRefresh: true })(gate);
    lift(`${gate}:1`);
    expect(await joined).toEqual(await first);
    expect(counted(`${gate}:started`)).toBe(1);
  });
});
