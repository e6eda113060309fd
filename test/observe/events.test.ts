/** What happens is not told, told twice, or told for hits. */

import { channel, tracingChannel } from 'node:diagnostics_channel';
import { threadId } from 'node:worker_threads';
import { mapTier } from 'threadmemo';
import { fakeClock } from 'threadmemo/testing';
import { describe, expect, onTestFinished, test } from 'vitest';
import { inFull } from '../effort.ts';
import { failing } from '../fixtures/blocking.ts';
import { count, fresh, lift, reaches } from '../fixtures/counters-and-gates.ts';
import { gated } from '../fixtures/gated.ts';
import { revalidating } from '../fixtures/growing-old.ts';
import { hangs } from '../fixtures/hanging.ts';
import { increment } from '../fixtures/quick.ts';
import { hearsItself } from '../fixtures/subscribing.ts';
import { open, rejection, until } from '../threads/open.ts';

type Event = Record<string, unknown>;

/** All that a tracing channel tells, as copies: step and event. */
function traced(name: string): [string, Event][] {
  const told: [string, Event][] = [];
  const note = (step: string) => (event: unknown) =>
    void told.push([step, { ...(event as Event) }]);
  const steps = {
    start: note('start'),
    end: note('end'),
    asyncStart: note('asyncStart'),
    asyncEnd: note('asyncEnd'),
    error: note('error'),
  };
  const its = tracingChannel(name);
  its.subscribe(steps);
  onTestFinished(() => void its.unsubscribe(steps));
  return told;
}

function plain(name: string): Event[] {
  const told: Event[] = [];
  const note = (event: unknown) => void told.push(event as Event);
  channel(name).subscribe(note);
  onTestFinished(() => void channel(name).unsubscribe(note));
  return told;
}

const at = (told: [string, Event][], step: string) =>
  told.filter(([each]) => each === step).map(([, event]) => event);

describe.each([0, 1])('with %i threads', (threads) => {
  test('a miss and a wait are told of, from start to end, and a hit is not', async () => {
    await open({ threads });
    const told = traced('threadmemo.call');
    const gate = fresh('gate');
    const both = [gated(gate), gated(gate)];
    await reaches(`${gate}:started`, 1);
    lift(gate);
    await Promise.all(both);
    await gated(gate);
    const event = { functionId: gated.id, key: gated.key(gate) };
    expect(at(told, 'start')).toEqual([
      { ...event, kind: 'miss' },
      { ...event, kind: 'wait' },
    ]);
    expect(at(told, 'asyncEnd')).toHaveLength(2);
    expect(at(told, 'error')).toEqual([]);
  });

  test('a computation is told of once in this thread, with its thread and outcome', async () => {
    const pool = await open({ threads });
    const told = traced('threadmemo.compute');
    const calls = traced('threadmemo.call');
    await increment(1);
    await rejection(failing('no'));
    const thread = threads === 0 ? threadId : (pool.inspect().threads[0]?.threadId ?? -1);
    const [value, error] = at(told, 'asyncEnd');
    expect(at(told, 'start')).toHaveLength(2);
    expect(value).toEqual({
      functionId: increment.id,
      key: increment.key(1),
      threadId: thread,
      lease: expect.any(Number),
      outcome: 'value',
      ms: expect.any(Number),
    });
    const code = { code: 'E_TEST', message: 'no' };
    expect(error).toMatchObject({ functionId: failing.id, outcome: 'error', error: code });
    expect(at(told, 'error')).toHaveLength(1);
    expect(at(calls, 'error')).toMatchObject([{ functionId: failing.id, error: code }]);
  });
});

test.runIf(inFull)('one that no caller wants any more is told of as cancelled', async () => {
  await open({ threads: 1 });
  const told = traced('threadmemo.compute');
  const name = fresh('abandoned');
  const going = new AbortController();
  const call = rejection(hangs.with({ signal: going.signal })(name, 'idle'));
  await reaches(`${name}:started`, 1);
  going.abort(new Error('enough'));
  await call;
  await until(() => at(told, 'asyncEnd').length > 0);
  expect(at(told, 'asyncEnd')).toMatchObject([{ functionId: hangs.id, outcome: 'cancelled' }]);
});

test('a thread that computes tells of that, and of its calls', async () => {
  await open({ threads: 1 });
  expect(await hearsItself(1)).toEqual([
    'call start',
    'call end',
    'compute start',
    'compute asyncStart value',
    'compute asyncEnd value',
    'compute end value',
    'call asyncStart',
    'call asyncEnd',
  ]);
});

test('what is evicted is told of, with the reason', async () => {
  const pool = await open({ threads: 0, max: 2, eviction: 'lru' });
  const told = plain('threadmemo:evict');
  for (let n = 0; n < 4; n++) await increment(n);
  const { evictions } = pool.stats();
  expect(told).toHaveLength(evictions);
  const event = { functionId: increment.id, bytes: expect.any(Number), reason: 'pool max' };
  expect(told[0]).toEqual({ ...event, key: increment.key(0) });
});

test('invalidations are told of: one key, a function, everything', async () => {
  const pool = await open({ threads: 0 });
  const told = plain('threadmemo:invalidate');
  await increment.invalidate(1);
  await increment.clear();
  await pool.clear();
  const functionId = increment.id;
  expect(told).toEqual([
    { functionId, key: increment.key(1), tier: undefined },
    { functionId, key: undefined, tier: undefined },
    { functionId: undefined, key: undefined, tier: undefined },
  ]);
});

test('refreshes are told of: begun, done, and failed', async () => {
  const told = plain('threadmemo:refresh');
  const clock = fakeClock();
  const pool = await open({ threads: 0, clock });
  const cell = fresh('told');
  await revalidating(cell);
  clock.advance('1m');
  await revalidating(cell);
  await until(() => pool.inspect().flights.length === 0);
  const its = { functionId: revalidating.id, key: revalidating.key(cell) };
  const begun = { ...its, state: 'begun', cause: undefined };
  expect(told).toEqual([begun, { ...its, state: 'done', cause: undefined }]);
  clock.advance('1m');
  count(`${cell}:down`);
  await revalidating(cell);
  await until(() => told.length === 4);
  expect(told[2]).toEqual(begun);
  expect(told[3]).toMatchObject({ ...its, state: 'failed', cause: { message: 'down at 3' } });
});

test('threads are told of: started, and died', async () => {
  const told = plain('threadmemo:thread');
  const pool = await open({ threads: 1 });
  await increment(1);
  const [{ threadId } = { threadId: -1 }] = pool.inspect().threads;
  expect(told).toEqual([{ threadId, state: 'started', cause: undefined }]);
  await pool.close();
  expect(told.at(-1)).toMatchObject({ threadId, state: 'replaced' });
});

test('a tier is told of: each operation, and its outage', async () => {
  const operations = traced('threadmemo.tier');
  const outages = plain('threadmemo:outage');
  const tier = mapTier();
  const pool = await open({ threads: 0, tiers: [tier], tierTimeout: 20 });
  await increment(1);
  await pool.clear();
  const ended = at(operations, 'asyncEnd').map(({ operation }) => operation);
  expect(ended).toEqual(['get', 'set', 'clear']);
  expect(at(operations, 'asyncEnd')[0]).toEqual({
    tier: 'map',
    operation: 'get',
    functionId: increment.id,
    key: increment.key(1),
    found: false,
  });
  expect(outages).toEqual([]);
  tier.get = () => new Promise(() => {});
  await increment(2);
  expect(outages).toMatchObject([{ tier: 'map', state: 'begun' }]);
});
