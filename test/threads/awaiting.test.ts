/**
 * A computation that only awaits something keeps a thread from all others; or one that computes gets
 * company, and holds it up.
 */

import { beforeEach, expect, test, vi } from 'vitest';
import { Awaiting } from '../../src/compute/awaiting.ts';
import { Computation } from '../../src/compute/computation.ts';
import { Flight, type Lease, type Waiter } from '../../src/coordinator/flight.ts';
import type { FunctionRecord } from '../../src/coordinator/function-record.ts';
import type { Queue } from '../../src/coordinator/queue.ts';
import { ChurnMap } from '../../src/order/churn-map.ts';
import { FakeClock } from '../fake-clock.ts';
import type { PretendedPeer } from '../pretended-peer.ts';
import { functionThat, queueOfTwo, settled } from './queue-of-two.ts';

let queue: Queue;
let clock: FakeClock;
let reclaimed: Lease[];
let peers: [PretendedPeer, PretendedPeer];

beforeEach(() => {
  clock = new FakeClock();
  reclaimed = [];
  const reclaim = (lease: Lease) => {
    reclaimed.push(lease);
    lease.end();
    lease.flight.reopen();
    lease.flight.queue();
    queue.add(lease.flight, true);
    return true;
  };
  ({ queue, peers } = queueOfTwo(clock, () => 0, reclaim));
});

async function enqueued(fn: FunctionRecord, count: number): Promise<Flight[]> {
  const flights = Array.from({ length: count }, (_, n) => new Flight(fn, `${n}`, new ChurnMap()));
  for (const flight of flights) {
    flight.queue();
    queue.add(flight, false);
  }
  await settled();
  return flights;
}

/** Threads tell of all that they were given that it awaits, until nothing more is given. */
async function allAwait(stretch = 0.01): Promise<void> {
  for (let given = -1; given !== peers[0].given.length + peers[1].given.length; ) {
    given = peers[0].given.length + peers[1].given.length;
    for (const { leases } of peers)
      for (const lease of leases) if (lease.isActive) lease.awaits(stretch, clock);
    await settled();
  }
}

test('a thousand that await are begun in two threads, half of them in each', async () => {
  await enqueued(functionThat('io'), 1000);
  expect(queue.size).toBe(998);
  await allAwait();
  expect(queue.size).toBe(0);
  for (const { given } of peers) expect(given.length).toBeGreaterThan(400);
});

test('a thread that has not reported since its last tasks that they await is given no more', async () => {
  await enqueued(functionThat('io'), 1000);
  for (const { leases } of peers) for (const lease of leases) lease.awaits(0.01, clock);
  await settled();
  const { size } = queue;
  expect(size).toBeLessThan(998);
  expect(size).toBeGreaterThan(900);
  await settled();
  expect(queue.size).toBe(size);
});

test('no thread has more than two thousand that await; the end of one makes room', async () => {
  await enqueued(functionThat('io'), 5000);
  await allAwait();
  expect(peers.map(({ leases }) => leases.size)).toEqual([2000, 2000]);
  expect(queue.openings()).toBe(-1000);
  const [lease] = peers[0].leases;
  lease?.end();
  await settled();
  expect(queue.size).toBe(999);
});

test('a function that keeps its thread for long has it to itself, also while it awaits', async () => {
  const fn = functionThat('long');
  await enqueued(fn, 10);
  await allAwait(50);
  expect(queue.size).toBe(8);
});

test('but no longer than it may keep the thread: what it awaits may need what is in the queue', async () => {
  await enqueued(functionThat('long'), 2);
  await allAwait(50);
  const short = functionThat('short');
  short.keptThread(0.1);
  await enqueued(short, 2);
  clock.advance(49);
  await settled();
  expect(queue.size).toBe(2);
  clock.advance(1);
  await settled();
  expect(queue.size).toBe(0);
});

test('a call that it makes meanwhile is told again: until then its thread is busy', async () => {
  const fn = functionThat('long');
  await enqueued(fn, 1);
  const [lease] = [...peers[0].leases, ...peers[1].leases] as [Lease];
  lease.awaits(50, clock);
  const call = { flight: undefined } as unknown as Waiter;
  lease.waitsWith(call);
  lease.waitIsOver(call);
  clock.advance(10_000);
  expect(lease.isActive).toBe(true);
  lease.awaits(50, clock);
  clock.advance(50);
  expect(lease.isActive).toBe(false);
  lease.end();
  expect(lease.peer.active).toBe(0);
});

test('one that turns out to keep its thread for long gets no more company', async () => {
  await enqueued(functionThat('io'), 3);
  await allAwait();
  const yields = functionThat('yields');
  await enqueued(yields, 1);
  const its = [...peers[0].leases, ...peers[1].leases].find(({ flight }) => flight.fn === yields);
  its?.awaits(5, clock);
  expect(its?.isActive).toBe(false);
  its?.awaits(30, clock);
  its?.awaits(60, clock);
  expect(its?.isActive).toBe(true);
});

test('one long stretch among short ones may be the fault of the machine', () => {
  const fn = functionThat('io');
  for (let n = 0; n < 20; n++) fn.keptThread(0);
  fn.keptThread(70);
  expect(fn.isShort).toBe(true);
  for (let n = 0; n < 20; n++) fn.keptThread(0);
  fn.keptThread(70);
  expect(fn.isShort).toBe(true);
  fn.keptThread(70);
  expect(fn.isShort).toBe(false);
});

test('nor is a long start among short ones; starts that are all long keep the thread', () => {
  const fn = functionThat('io');
  for (let n = 0; n < 10; n++) fn.awaited(0.01, true);
  for (let n = 0; n < 3; n++) fn.awaited(70, true);
  expect(fn.isShort).toBe(true);
  for (let n = 0; n < 10; n++) fn.awaited(70, true);
  expect(fn.isShort).toBe(false);
});

test('what may have taken a thread down has one to itself', async () => {
  const flights = await enqueued(functionThat('io'), 2);
  for (const flight of flights) flight.deaths = 1;
  await allAwait();
  await enqueued(functionThat('other'), 2);
  expect(queue.size).toBe(2);
});

test('a computation that waits for a call after it has awaited is awaited by its thread again', async () => {
  const [flight] = (await enqueued(functionThat('outer'), 1)) as [Flight];
  const lease = flight.lease as Lease;
  lease.awaits(0.01, clock);
  expect(lease.peer).toMatchObject({ active: 0, awaiting: 1 });
  const part = new Flight(functionThat('part'), 'part', new ChurnMap());
  const nothing = () => {};
  const call: Waiter = {
    ...{ peer: lease.peer, mode: 'wait', parent: lease, flight: undefined, place: 0 },
    ...{ deliver: nothing, lead: nothing, ledItself: nothing, forsaken: nothing },
  };
  part.admit(call);
  expect(lease.peer).toMatchObject({ active: 0, awaiting: 0 });
  part.release(call);
  // It goes on, and may compute.
  expect(lease.peer).toMatchObject({ active: 1, awaiting: 0 });
  lease.awaits(0.01, clock);
  expect(lease.peer).toMatchObject({ active: 0, awaiting: 1 });
  lease.end();
  expect(lease.peer).toMatchObject({ active: 0, awaiting: 0 });
});

test('tasks that are taken back from a late thread are still handed out many at a time', async () => {
  const fn = functionThat('io');
  await enqueued(fn, 4);
  await allAwait();
  for (let n = 0; n < 50; n++) fn.awaited(0.005, true);
  await enqueued(fn, 60);
  const before = peers.map(({ given }) => given.length);
  clock.advance(2);
  clock.advance(2);
  await settled();
  expect(reclaimed.length).toBeGreaterThan(10);
  const more = peers.map(({ given }, n) => given.length - (before[n] ?? 0));
  expect(Math.max(...more)).toBeGreaterThan(10);
});

test('a thread tells once of all that await, and not of what ends, or waits for a call', async () => {
  const tell = vi.fn();
  const awaiting = new Awaiting(tell);
  const made = [1, 2, 3, 4].map((lease) => new Computation(lease, new Int32Array(1), awaiting));
  for (const computation of made) {
    computation.start();
    computation.returned();
  }
  made[1]?.end(0);
  made[2]?.beginWait();
  const turn = () => new Promise((resolve) => setImmediate(resolve));
  await turn();
  const leases = () => tell.mock.lastCall?.[0].filter((_: number, at: number) => at % 2 === 0);
  expect(tell).toHaveBeenCalledTimes(1);
  expect(leases()).toEqual([1, 4]);
  // A stall of the machine seems to be a long stretch of those that go on, and would be told too.
  made[0]?.end(0);
  made[3]?.end(0);
  made[2]?.endWait();
  await turn();
  expect(leases()).toEqual([3]);
  made[2]?.heldUp(1e6);
  await turn();
  expect(tell.mock.lastCall?.[0]).toEqual([3, 1e6]);
});
