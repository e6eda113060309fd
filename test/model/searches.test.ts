/** A search for circles that passes a crowd for each call: quadratic. */

import { expect, test } from 'vitest';
import { cycleOf, deadlocks } from '../../src/coordinator/deadlock.ts';
import { Flight, Lease, type Waiter } from '../../src/coordinator/flight.ts';
import { ChurnMap } from '../../src/order/churn-map.ts';
import { PretendedPeer } from '../pretended-peer.ts';
import { World } from './world.ts';

const CROWD = 30_000;
const fn = new World({ withTier: false }).fn('f');

/** Of a flight in a thread of its own, or in that of `peer`. */
function leased(key: string, peer = new PretendedPeer()): Lease {
  const flight = new Flight(fn, key, new ChurnMap());
  const lease = new Lease(leases++, flight, peer, undefined);
  flight.beginLease(lease);
  return lease;
}

let leases = 1;
let steps = 0;

/** A call made from `parent`, that counts how often a search passes it. */
function call(parent: Lease, to: Flight | undefined, mode: Waiter['mode'] = 'lead'): Waiter {
  let waitsFor: Flight | undefined;
  let from: Lease | undefined = parent;
  const waiter: Partial<Waiter> = {
    peer: parent.peer,
    mode,
    place: 0,
    get flight() {
      steps++;
      return waitsFor;
    },
    set flight(flight) {
      waitsFor = flight;
    },
    get parent() {
      steps++;
      return from;
    },
    set parent(lease) {
      from = lease;
    },
  };
  to?.admit(waiter as Waiter);
  return waiter as Waiter;
}

test('to wait for a computation with a crowd of calls takes a few steps', () => {
  const crowd = leased('crowd');
  for (let n = 0; n < CROWD; n++) call(crowd, leased(`inner ${n}`).flight);
  const onlooker = leased('onlooker');
  steps = 0;
  expect(cycleOf(onlooker, crowd.flight)).toBeUndefined();
  expect(deadlocks(call(onlooker, undefined), crowd.flight)).toBe(false);
  expect(steps).toBeLessThan(20);
});

test('so it does for a crowd to wait for one computation', () => {
  const callers = leased('callers');
  const hub = leased('hub');
  for (let n = 0; n < CROWD; n++) call(callers, hub.flight);
  const inner = leased('inner');
  steps = 0;
  expect(cycleOf(hub, inner.flight)).toBeUndefined();
  expect(deadlocks(call(hub, undefined), inner.flight)).toBe(false);
  expect(steps).toBeLessThan(20);
});

test('a circle is found through both crowds', () => {
  const crowd = leased('crowd');
  const [first, ...others] = Array.from({ length: 100 }, (_, n) => leased(`inner ${n}`)) as [
    Lease,
    ...Lease[],
  ];
  for (const inner of [...others, first]) call(crowd, inner.flight);
  const hub = leased('hub');
  call(first, hub.flight);
  for (let n = 0; n < 100; n++) call(leased(`caller ${n}`), hub.flight);
  const keys = ['hub', 'crowd', 'inner 0', 'hub'];
  expect(cycleOf(hub, crowd.flight)).toEqual(
    keys.map((key) => new Flight(fn, key, new ChurnMap()).fullKey),
  );
  expect(deadlocks(call(hub, undefined), crowd.flight)).toBe(true);
});

test('a circle is found through a thread that is blocked', () => {
  const blocked = new PretendedPeer();
  const bystander = leased('bystander', blocked);
  const blocker = leased('blocker', blocked);
  const other = leased('other');
  const wait = call(blocker, other.flight, 'block');
  blocked.blocks(wait);
  expect(deadlocks(call(other, undefined), bystander.flight)).toBe(true);
  expect(cycleOf(other, bystander.flight)).toBeUndefined();
  bystander.comesBack = true;
  expect(deadlocks(call(other, undefined), bystander.flight)).toBe(false);
  const inner = leased('inner');
  call(inner, bystander.flight);
  bystander.comesBack = false;
  expect(deadlocks(call(bystander, undefined, 'block'), inner.flight)).toBe(true);
});
