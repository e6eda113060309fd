/** A flight comes from a state to one that cannot follow it: two leases at once, or an end that is none. */

import { expect, test } from 'vitest';
import { Flight, Lease } from '../../src/coordinator/flight.ts';
import { type At, TRANSITIONS } from '../../src/coordinator/flight-states.ts';
import { ChurnMap } from '../../src/order/churn-map.ts';
import { RankedLists } from '../../src/order/ranked-lists.ts';
import { FakeClock } from '../fake-clock.ts';
import { PretendedPeer } from '../pretended-peer.ts';
import { World } from './world.ts';

const clock = new FakeClock();
const fn = new World({ withTier: false }).fn('f');
const underway = new ChurnMap<number, Flight>();

const enter: Record<At, (flight: Flight) => void> = {
  open: (flight) => flight.reopen(),
  probing: (flight) => flight.probe(),
  limited: (flight) => flight.waitForSlot(new RankedLists<Flight>().pushBack(flight)),
  'in line': (flight) => flight.waitInLine(new RankedLists<Flight>().pushBack(flight)),
  asking: (flight) => flight.ask(),
  held: (flight) => flight.leaveToAnother(() => {}, clock.stayAlive()),
  queued: (flight) => flight.queue(),
  leased: (flight) => flight.beginLease(new Lease(1, flight, new PretendedPeer(), undefined)),
  settled: (flight) => flight.settle(),
};

/** How to come to each state from a new flight. */
const ways: Record<At, readonly At[]> = {
  open: [],
  probing: ['probing'],
  limited: ['limited'],
  'in line': ['in line'],
  asking: ['asking'],
  held: ['asking', 'held'],
  queued: ['queued'],
  leased: ['leased'],
  settled: ['settled'],
};

const states = Object.keys(enter) as At[];

function flightAt(at: At): Flight {
  const flight = new Flight(fn, '1', underway);
  for (const step of ways[at]) enter[step](flight);
  expect(flight.state.at).toBe(at);
  return flight;
}

test.each(states.flatMap((from) => states.map((to) => [from, to] as const)))(
  'from %s to %s, if the table says so',
  (from, to) => {
    const flight = flightAt(from);
    const step = () => enter[to](flight);
    if (TRANSITIONS[from].includes(to)) step();
    else expect(step).toThrow(`a flight that is ${from} cannot become ${to}`);
    expect(flight.state.at).toBe(TRANSITIONS[from].includes(to) ? to : from);
  },
);

test('what is granted stays until it is taken, through the queue, a lease and the loss of that', () => {
  const flight = flightAt('asking');
  const grant = { store: async () => true, release: async () => {} };
  flight.reopen(grant);
  for (const at of ['queued', 'leased', 'open', 'queued', 'leased'] as const) {
    enter[at](flight);
    expect(flight.grant).toBe(grant);
  }
  expect(flight.takeGrant()).toBe(grant);
  expect(flight.grant).toBeUndefined();
});

test('an invalidation has to reach what asks the tiers and what is leased, and nothing else', () => {
  const reached = states.filter((at) => {
    underway.clear();
    return underway.has(flightAt(at).nth);
  });
  expect(reached).toEqual(['probing', 'asking', 'leased']);
});

test('a flight that settles as one of thousands is under way until it is taken out', () => {
  const flight = flightAt('leased');
  flight.settleOnly();
  expect(flight.isSettled).toBe(true);
  expect(() => flight.reopen()).toThrow('settled');
  expect(underway.has(flight.nth)).toBe(true);
  flight.leaveUnderway();
  expect(underway.has(flight.nth)).toBe(false);
});
