/**
 * "No caller waits for a busy thread": a computation that waits for a moment's work is answered late,
 * because its own thread was given a long task meanwhile. And the reverse: a task waits for a thread
 * of its own although there will be none, and nothing goes on.
 */

import { beforeEach, expect, test } from 'vitest';
import { Flight, Lease, type Waiter } from '../../src/coordinator/flight.ts';
import type { FunctionRecord } from '../../src/coordinator/function-record.ts';
import type { Queue } from '../../src/coordinator/queue.ts';
import { ChurnMap } from '../../src/order/churn-map.ts';
import { FakeClock } from '../fake-clock.ts';
import { holds } from '../fixtures/batches-and-sleep.ts';
import { forksGated } from '../fixtures/blocking.ts';
import { count, fresh, lift, reaches } from '../fixtures/counters-and-gates.ts';
import { gated } from '../fixtures/gated.ts';
import type { PretendedPeer } from '../pretended-peer.ts';
import { open, until } from './open.ts';
import { functionThat, queueOfTwo, settled } from './queue-of-two.ts';

let clock: FakeClock;
let queue: Queue;
let peers: [PretendedPeer, PretendedPeer];
let spare: number;

beforeEach(() => {
  clock = new FakeClock();
  spare = 0;
  ({ queue, peers } = queueOfTwo(clock, () => spare));
});

async function enqueued(fn: FunctionRecord): Promise<Flight> {
  const flight = new Flight(fn, `${fn.info.id}()`, new ChurnMap());
  flight.queue();
  queue.add(flight, false);
  await settled();
  return flight;
}

async function passes(ms: number): Promise<void> {
  clock.advance(ms);
  await settled();
}

/** The computation of one flight calls for another. */
async function waits(flight: Flight, on: Flight): Promise<void> {
  const { lease } = flight;
  if (!lease) throw new Error('it was not begun');
  const nothing = () => {};
  const waiter: Waiter = {
    ...{ peer: lease.peer, mode: 'wait', parent: lease, flight: undefined, place: 0 },
    ...{ deliver: nothing, lead: nothing, ledItself: nothing, forsaken: nothing },
  };
  on.admit(waiter);
  await settled();
}

async function ends({ lease }: Flight): Promise<void> {
  lease?.end();
  await settled();
}

/** In the first thread a computation waits for one that the second is busy with. */
async function oneWaitsForTheOther(): Promise<{ outer: Flight; part: Flight }> {
  const outer = await enqueued(functionThat('outer'));
  const part = await enqueued(functionThat('part'));
  await waits(outer, part);
  expect(peers.map(({ given }) => given)).toEqual([[outer], [part]]);
  return { outer, part };
}

test('the first task of a function waits until the thread that is busy is free', async () => {
  const { part } = await oneWaitsForTheOther();
  const task = await enqueued(functionThat('task'));
  await passes(1000);
  expect(queue.size).toBe(1);
  await ends(part);
  expect(peers[1].given).toEqual([part, task]);
});

test('but it does not wait for long', async () => {
  const { outer } = await oneWaitsForTheOther();
  const task = await enqueued(functionThat('task'));
  await passes(1999);
  expect(queue.size).toBe(1);
  await passes(1);
  expect(peers[0].given).toEqual([outer, task]);
});

test('a task that keeps its thread for long waits no longer than it would take', async () => {
  const { outer } = await oneWaitsForTheOther();
  await enqueued(functionThat('unknown'));
  const task = await enqueued(functionThat('task', 300));
  await passes(299);
  expect(queue.size).toBe(2);
  await passes(1);
  expect(peers[0].given).toEqual([outer, task]);
});

test('a task whose longest stretch is short does not wait, also behind one that does', async () => {
  const { outer } = await oneWaitsForTheOther();
  await enqueued(functionThat('long', 3000));
  const short = await enqueued(functionThat('short', 5));
  expect(peers[0].given).toEqual([outer, short]);
  expect(queue.size).toBe(1);
});

test('a task waits for a thread that is being woken or started', async () => {
  queue.leave(peers[1]);
  const outer = await enqueued(functionThat('outer'));
  await waits(outer, new Flight(functionThat('elsewhere'), 'elsewhere()', new ChurnMap()));
  spare = 1;
  const task = await enqueued(functionThat('task'));
  expect(queue.size).toBe(1);
  spare = 0;
  queue.join(peers[1]);
  expect(peers[1].given).toEqual([task]);
});

test('when all threads only wait, a task is begun at once', async () => {
  const { part } = await oneWaitsForTheOther();
  const task = await enqueued(functionThat('task'));
  expect(queue.size).toBe(1);
  await waits(part, new Flight(functionThat('elsewhere'), 'elsewhere()', new ChurnMap()));
  expect(queue.size).toBe(0);
  expect([...peers[0].given, ...peers[1].given]).toContain(task);
});

test('what a thread waits for it begins itself, before a task that came earlier', async () => {
  const outer = await enqueued(functionThat('outer'));
  const busy = await enqueued(functionThat('busy'));
  const task = await enqueued(functionThat('task'));
  const part = await enqueued(functionThat('part'));
  await waits(outer, part);
  expect(peers.map(({ given }) => given)).toEqual([[outer, part], [busy]]);
  await ends(busy);
  expect(peers[1].given).toEqual([busy, task]);
});

test('what it waits for by others it begins, too', async () => {
  const outer = await enqueued(functionThat('outer'));
  const middle = await enqueued(functionThat('middle'));
  await waits(outer, middle);
  await enqueued(functionThat('task'));
  const part = new Flight(functionThat('part', 5000), 'part()', new ChurnMap());
  part.queue();
  queue.add(part, false);
  await waits(middle, part);
  expect([...peers[0].given, ...peers[1].given]).toContain(part);
});

test('parts of several computations keep their order', async () => {
  const outers = [await enqueued(functionThat('a')), await enqueued(functionThat('b'))] as const;
  const part = functionThat('part', 50);
  const parts = [];
  for (const outer of [outers[0], outers[0], outers[1], outers[1]]) {
    const flight = await enqueued(part);
    await waits(outer, flight);
    parts.push(flight);
  }
  const given = peers.flatMap((peer) => peer.given).filter(({ fn }) => fn === part);
  expect(given).toEqual(parts.slice(0, 2));
});

test('a stretch that was long is forgotten slowly', () => {
  const fn = functionThat('task', 50);
  fn.keptThread(400);
  expect(fn.stretchMs).toBe(400);
  fn.keptThread(0);
  expect(fn.stretchMs).toBe(300);
  for (let n = 0; n < 20; n++) fn.keptThread(0);
  expect(fn.stretchMs).toBeLessThan(10);
});

test('a long computation that runs where it was called from counts for its caller', async () => {
  const outer = await enqueued(functionThat('outer'));
  const inner = new Flight(functionThat('inner'), 'inner()', new ChurnMap());
  await waits(outer, inner);
  const lease = new Lease(100, inner, peers[0], inner.waiters[0]);
  lease.keptThread(400);
  outer.lease?.keptThread(3);
  expect(outer.fn.stretchMs).toBe(400);
});

test('a computation is answered although a task that does not end came meanwhile', async () => {
  await open({ threads: 2 });
  const [gate, busy] = [fresh('part'), fresh('busy')];
  const part = gated(gate);
  await reaches(`${gate}:started`, 1);
  // In the other thread; what it forks is under way.
  const outer = forksGated(gate);
  await until(() => gated.stats().waits === 1);
  const holding = holds(busy);
  lift(gate);
  expect(await outer).toEqual(await part);
  count(`${busy}:go`);
  await holding;
});

test('computations that wait for each other on all threads leave none without a thread', async () => {
  await open({ threads: 2 });
  const gates = [1, 2, 3, 4].map((n) => fresh(`deep ${n}`));
  const all = gates.map((gate) => forksGated(gate));
  for (const gate of gates) lift(gate);
  for (const { nth } of await Promise.all(all)) expect(nth).toBe(1);
  expect((await gated(gates[0] as string)).nth).toBe(1);
});
