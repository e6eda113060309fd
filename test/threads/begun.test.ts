/** What a thread begins without asking: single flight and invalidations hold, although nothing was read of it. */

import { expect, test } from 'vitest';
import { mayBegin } from '../../src/coordinator/begun.ts';
import { inFull } from '../effort.ts';
import { awaited, part, whole } from '../fixtures/begun.ts';
import { count, counted, fresh, lift, reaches } from '../fixtures/counters-and-gates.ts';
import { open, openForAll, until } from './open.ts';

const pool = openForAll({ threads: 1 });

/** Blocks this thread, which reads no messages meanwhile, until a counter is not 0; fails after minutes. */
function blockUntilCounted(name: string): void {
  const nothing = new Int32Array(new SharedArrayBuffer(4));
  for (let left = 20_000; counted(name) === 0; left--) {
    if (left === 0) throw new Error(`${name} was not counted while this thread was blocked`);
    Atomics.wait(nothing, 0, 0, 5);
  }
}

let computations = 0;

/**
 * A computation that is about to call its parts, in a thread that may begin them by itself. The same keys in
 * each run: a part whose word in shared memory is by chance that of another key has to be asked for.
 */
async function aboutToCall(how: typeof whole | typeof awaited, parts: number) {
  const [first, label] = [fresh('first'), `begun ${++computations}`];
  lift(`${first}:go`);
  await whole(first, 1, '');
  const call = how(label, parts, '');
  call.catch(() => {});
  await reaches(`${label}:began`, 1);
  return { label, call };
}

test.each([
  ['sync', whole],
  ['awaited', awaited],
])('%s: parts are computed while the coordinator does nothing', async (_, how) => {
  const { label, call } = await aboutToCall(how, 50);
  lift(`${label}:go`);
  blockUntilCounted(`${label}:ended`);
  expect(await call).toBe(50);
  const before = part.stats().computations;
  expect(await part(label, 49)).toBe(1);
  expect(part.stats().computations).toBe(before);
});

test.each([
  ['sync', whole],
  ['awaited', awaited],
])('%s: a call joins what was begun, before that was read', async (_, how) => {
  const { label, call } = await aboutToCall(how, 1);
  count(`${label}:isHeld`);
  lift(`${label}:go`);
  blockUntilCounted(`${label}:0`);
  const joined = part(label, 0);
  // It is handed to the coordinator before any message is read.
  await Promise.resolve();
  lift(`${label}:held`);
  expect(await Promise.all([joined, call])).toEqual([1, 1]);
  expect(counted(`${label}:0`)).toBe(1);
});

test.each([
  ['invalidate', (label: string) => part.invalidate(label, 0)],
  ['clear', () => part.clear()],
  ['pool.clear', () => pool().clear()],
])('%s: what was begun before is not kept, although it is read after', async (_, forget) => {
  const { label, call } = await aboutToCall(whole, 1);
  lift(`${label}:go`);
  blockUntilCounted(`${label}:ended`);
  const forgotten = forget(label);
  expect(await call).toBe(1);
  await forgotten;
  expect(await part(label, 0)).toBe(2);
  expect(await part(label, 0)).toBe(2);
});

test('a thread is never far ahead of the coordinator', async () => {
  const { label, call } = await aboutToCall(whole, 2000);
  lift(`${label}:go`);
  blockUntilCounted(`${label}:3`);
  expect(counted(`${label}:1000`)).toBe(0);
  expect(await call).toBe(2000);
});

test('what was under way before a thread first called the function is joined by threads, too', async () => {
  await pool().close();
  const its = await open({ threads: 2 });
  const [label, other] = [fresh('before'), fresh('other')];
  count(`${label}:isHeld`);
  const first = part(label, 0);
  await reaches(`${label}:0`, 1);
  for (const each of [other, label]) lift(`${each}:go`);
  await whole(other, 1, '');
  const call = whole(label, 1, '');
  const isBlocked = () => its.inspect().threads.some(({ state }) => state === 'blocked');
  await until(() => isBlocked() || counted(`${label}:0`) > 1);
  lift(`${label}:held`);
  expect(await Promise.all([first, call])).toEqual([1, 1]);
  expect(counted(`${label}:0`)).toBe(1);
});

test.runIf(inFull)(
  'threads that want the same at the same time compute each part once',
  async () => {
    await pool().close();
    await open({ threads: 2 });
    const label = fresh('race');
    const calls = [whole(label, 3000, 'a'), awaited(label, 3000, 'b')];
    await reaches(`${label}:began`, 2);
    lift(`${label}:go`);
    expect(await Promise.all(calls)).toEqual([3000, 3000]);
    for (let n = 0; n < 3000; n++) expect(counted(`${label}:${n}`)).toBe(1);
  },
);

test.each([
  [{}, true],
  [{ ttl: 1000, jitter: 0.1 }, true],
  [{ concurrency: 2 }, false],
  [{ thread: 'caller' }, false],
  [{ isTagged: true }, false],
  [{ whatIsNotKnownHere: 1 }, false],
])('a function with %o: its calls begin without asking: %s', (more, may) => {
  const info = { id: 'f', module: 'file:///f.js', max: 1, versioned: false, ...more };
  expect(mayBegin(info as Parameters<typeof mayBegin>[0])).toBe(may);
});
