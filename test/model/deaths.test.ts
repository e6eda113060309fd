/** Deaths are remembered for ever, or for as many keys as there are. */

import { expect, test } from 'vitest';
import { Deaths } from '../../src/coordinator/deaths.ts';
import { Flight } from '../../src/coordinator/flight.ts';
import { ChurnMap } from '../../src/order/churn-map.ts';
import { FakeClock } from '../fake-clock.ts';
import { InjectedError } from './faults.ts';
import { type FakePeer, World } from './world.ts';

const fn = new World({ withTier: false }).fn('f');

function flightOf(key: string): Flight {
  return new Flight(fn, key, new ChurnMap());
}

/** A call in a thread, which computes it. */
function leadBy(world: World, peer: FakePeer, key: string): void {
  world.claim(peer, 'lead', 'f', key, 9, false);
  world.read(peer);
}

/** What the calls of the main thread wait for. */
function flightsOf({ callers }: World): (Flight | undefined)[] {
  return callers.filter(({ peer }) => peer === undefined).map(({ waiter }) => waiter?.flight);
}

test('a key is as good as new a minute after its last death', () => {
  const clock = new FakeClock();
  const deaths = new Deaths(clock);
  deaths.add(flightOf('1'), 'first');
  clock.advance(59_000);
  deaths.add(flightOf('1'), 'second');
  clock.advance(59_000);
  expect(deaths.of(fn, '1')).toMatchObject({ deaths: 2, cause: 'second' });
  clock.advance(1000);
  expect(deaths.of(fn, '1')).toBeUndefined();
});

test('what threads die under for nothing that it has done is given up at last', () => {
  const world = new World({ withTier: false });
  world.callLocally('f', '1', false);
  const [caller] = world.callers;
  for (let deaths = 0; deaths < 20; deaths++) {
    expect(caller?.state).toBe('waiting');
    const peer = world.peers.find(({ handed }) => handed.length > 0) as FakePeer;
    world.start(peer);
    world.die(peer, 'left behind');
    world.clock.turn();
  }
  expect(caller?.state).toBe('answered');
});

test('a key is as good as new when a thread has survived it', () => {
  const deaths = new Deaths(new FakeClock());
  deaths.add(flightOf('1'), 'cause');
  deaths.forget(flightOf('1'));
  expect(deaths.of(fn, '1')).toBeUndefined();
});

test('of a thousand and one keys the one that has died least lately is forgotten', () => {
  const deaths = new Deaths(new FakeClock());
  for (let n = 0; n < 1000; n++) deaths.add(flightOf(String(n)), 'cause');
  deaths.add(flightOf('0'), 'cause');
  deaths.add(flightOf('1000'), 'cause');
  expect(deaths.of(fn, '1')).toBeUndefined();
  expect(deaths.of(fn, '0')).toMatchObject({ deaths: 2 });
  expect(deaths.of(fn, '2')).toMatchObject({ deaths: 1 });
});

test('of a crowd that may have caused a death, only as many as are remembered take time', () => {
  const deaths = new Deaths(new FakeClock());
  let looked = 0;
  const crowd = Array.from({ length: 30_000 }, (_, n) => {
    const flight = flightOf(String(n));
    return new Proxy(flight, {
      get(_, name) {
        looked++;
        return Reflect.get(flight, name);
      },
    });
  });
  deaths.addAll(crowd, 'cause');
  expect(deaths.of(fn, '29999')).toMatchObject({ deaths: 1 });
  expect(deaths.of(fn, '29000')).toMatchObject({ deaths: 1 });
  expect(deaths.of(fn, '28999')).toBeUndefined();
  expect(looked).toBeLessThanOrEqual(3 * 1000);
});

test('what one waiter of a dead thread throws leaves no other computation without an end', () => {
  const world = new World({ withTier: false });
  const lead = () => {
    const [peer] = world.peers as [FakePeer];
    for (const fn of ['f', 'g']) {
      world.claim(peer, 'lead', fn, '1', 9, false);
      world.read(peer);
    }
    return peer;
  };
  const first = lead();
  for (const fn of ['f', 'g']) world.callLocally(fn, '1', false);
  world.die(first);
  const second = lead();
  expect(world.running.size).toBe(2);
  world.faults.arm('deliver');
  world.die(second);
  // What a waiter throws comes in a turn of its own, and ends nothing that we are in the midst of.
  expect(() => world.clock.turn()).toThrow(InjectedError);
  const local = world.callers.filter(({ peer }) => peer === undefined);
  expect(local.map(({ waiter }) => waiter?.flight)).toEqual([undefined, undefined]);
});

test('a crowd of calls that only its thread has waited for is over with its death, and its leases end in turns', () => {
  const world = new World({ withTier: false });
  const [peer] = world.peers as [FakePeer];
  const crowd = Array.from({ length: 200 }, (_, n) => String(n));
  for (const key of crowd) {
    world.claim(peer, 'lead', 'f', key, 9, false);
    world.read(peer);
  }
  world.callLocally('f', '7', false);
  const held = [...world.coordinator.computations()];
  expect(held).toHaveLength(crowd.length);
  world.die(peer);
  const ofTheDead = () => [...world.coordinator.computations()].filter((lease) => lease.peer.gone);
  expect(ofTheDead().length).toBeGreaterThan(0);
  for (const { flight } of ofTheDead()) expect(flight.state.at).toBe('settled');
  const again = ofTheDead().map(({ flight }) => flight.key);
  expect(again).not.toContain('7');
  for (const key of again) world.callLocally('f', key, false);
  world.check();
  while (ofTheDead().length > 0) world.clock.turn();
  const wanted = world.callers.filter(({ peer }) => peer === undefined);
  for (const { waiter } of wanted) {
    expect(waiter?.flight?.state.at).toMatch(/queued|leased/);
    expect(waiter?.flight?.lease?.peer.gone).not.toBe(true);
  }
  expect(peer.leases.size).toBe(0);
});

test('a call from a computation fails for a key that has taken two threads down, and takes no third one', () => {
  const world = new World({ withTier: false });
  for (let deaths = 0; deaths <= 2; deaths++) {
    const [peer] = world.peers as [FakePeer];
    world.claim(peer, 'lead', 'f', '1', 0, false);
    world.read(peer);
    world.claim(peer, 'lead', 'g', '1', 0, false);
    world.read(peer);
    const inner = [...world.running.values()].find(({ key }) => key === 'g(1)');
    expect(inner === undefined).toBe(deaths === 2);
    if (inner) world.die(peer, inner);
  }
});

test('what is called again while the crowd of a dead thread is being forgotten stays live after that', () => {
  const world = new World({ withTier: false });
  const [peer] = world.peers as [FakePeer];
  const crowd = Array.from({ length: 200 }, (_, n) => String(n));
  for (const key of crowd) leadBy(world, peer, key);
  world.die(peer);
  const inSlices = crowd.slice(0, 100);
  for (const key of inSlices) world.callLocally('f', key, false);
  const before = flightsOf(world);
  expect(new Set(before).size).toBe(inSlices.length);
  void world.coordinator.invalidate(world.fn('g'));
  world.check();
  while (!world.clock.idle) world.clock.turn();
  for (const key of inSlices) world.callLocally('f', key, false);
  const after = flightsOf(world).slice(inSlices.length);
  expect(after.every((flight, n) => flight !== undefined && flight === before[n])).toBe(true);
});

test('the end of the pool answers what starts again in the place of a call of a dead thread', async () => {
  const world = new World({ withTier: false });
  world.callLocally('f', '0', false);
  const leader = world.peers.find(({ handed }) => handed.length > 0) as FakePeer;
  const dead = world.peers.find((each) => each !== leader) as FakePeer;
  world.start(leader);
  await world.coordinator.invalidate(world.fn('f'), '0');
  for (let n = 0; n < 200; n++) leadBy(world, dead, String(n));
  for (let n = 0; n < 100; n++) world.callLocally('g', String(n), false);
  world.die(dead);
  const closed = world.coordinator.close();
  world.die(leader);
  while (!world.clock.idle) world.clock.turn();
  await closed;
  expect(flightsOf(world).filter((flight) => flight)).toEqual([]);
});
