/**
 * Random schedules against the coordinator: calls, claims, outcomes, deaths, aborts, invalidations,
 * expiry, eviction, tiers that answer late, late words of the dead, and whatever may throw. After every step the
 * invariants hold, and at the end of every schedule all callers can be answered.
 */

import { setImmediate } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { cases, inFull } from '../effort.ts';
import { FAULTS, InjectedError } from './faults.ts';
import {
  ARGUMENTS,
  COMMON_TAG,
  type FakePeer,
  FUNCTIONS,
  isEndless,
  type Running,
  SHORT_MS,
  World,
} from './world.ts';

/** One event of a schedule; its text is what a failing schedule is printed with. */
class Step {
  readonly run: (world: World) => void;
  readonly #text: string;

  constructor(text: string, run: (world: World) => void) {
    this.#text = text;
    this.run = run;
  }

  toString(): string {
    return this.#text;
  }
}

const fn = fc.constantFrom(...FUNCTIONS, 'f', 'm');
const argument = fc.constantFrom(...ARGUMENTS);
const nth = fc.nat(9);
const rarely = fc.integer({ min: 0, max: 7 }).map((n) => n === 0);

/** Does something to the n-th of those that there are, counted around; nothing if there is none. */
function toOne<T>(items: Iterable<T>, n: number, run: (item: T) => void): void {
  const all = [...items];
  const item = all[n % all.length];
  if (item !== undefined) run(item);
}

const priority = fc.constantFrom(undefined, undefined, 'low', 'normal', 'high');
const call = fc
  .tuple(fn, argument, rarely, nth, priority)
  .map(
    ([f, a, again, from, rank]) =>
      new Step(`call ${f}(${a}) ${again} from ${from} ${rank}`, (w) =>
        w.callLocally(f, a, again, rank, from),
      ),
  );
const mode = fc.constantFrom('lead', 'lead', 'block', 'block', 'wait');
const claim = fc
  .tuple(nth, mode, fn, argument, nth, rarely, priority)
  .map(
    ([n, how, f, a, from, again, rank]) =>
      new Step(`thread ${n} claims ${f}(${a}) from ${from} ${how} ${again} ${rank}`, (w) =>
        toOne(w.peers, n, (peer) => w.claim(peer, how, f, a, from, again, rank)),
      ),
  );
const started = nth.map(
  (n) => new Step(`thread ${n} starts a task`, (w) => toOne(w.peers, n, (peer) => w.start(peer))),
);
const startedHere = fc.constant(
  new Step('a computation begins on the own thread', (w) => w.start(w.own)),
);
const read = nth.map(
  (n) => new Step(`thread ${n} reads`, (w) => toOne(w.peers, n, (peer) => w.read(peer))),
);
const finished = fc
  .tuple(nth, rarely, rarely, fc.constantFrom(undefined, undefined, SHORT_MS))
  .map(
    ([n, fails, drop, ms]) =>
      new Step(`${n} ${fails ? 'fails' : 'completes'} ${drop ? 'unkept' : ''} ${ms ?? ''}`, (w) =>
        toOne(w.running.values(), n, (each) =>
          w.finish(each, fails ? 'fail' : 'complete', !drop, ms),
        ),
      ),
  );
const awaits = fc
  .tuple(nth, fc.constantFrom(0.01, 0.01, 0.01, 50))
  .map(
    ([n, stretch]) =>
      new Step(`${n} awaits something, and has kept its thread for ${stretch} ms`, (w) =>
        toOne(w.running.values(), n, (each) => w.awaitElse(each, stretch)),
      ),
  );
const occupied = fc
  .tuple(nth, fc.boolean(), fc.boolean())
  .map(
    ([n, isKnown, isEndless]) =>
      new Step(`${n} is busy ${isKnown ? '' : 'unknown'} ${isEndless ? 'for ever' : ''}`, (w) =>
        toOne(w.running.values(), n, (each) => w.occupy(each, isKnown, isEndless)),
      ),
  );
const paused = nth.map(
  (n) => new Step(`thread ${n} is not busy`, (w) => toOne(w.peers, n, (peer) => w.pause(peer))),
);
const abandoned = nth.map(
  (n) =>
    new Step(`${n} is abandoned`, (w) =>
      toOne(w.coordinator.computations(), n, (lease) => w.abandon(lease.id)),
    ),
);
const declined = nth.map(
  (n) => new Step(`decline ${n}`, (w) => toOne(w.running.values(), n, (each) => w.decline(each))),
);
const death = fc
  .tuple(nth, fc.constantFrom('unknown', 'outside'))
  .map(
    ([n, by]) =>
      new Step(`thread ${n} dies ${by}`, (w) => toOne(w.peers, n, (peer) => w.die(peer, by))),
  );
const killing = nth.map(
  (n) =>
    new Step(`${n} takes its thread down`, (w) =>
      toOne(w.running.values(), n, (each) => each.peer && w.die(each.peer, each)),
    ),
);
const remains = fc
  .tuple(nth, nth)
  .map(
    ([n, which]) =>
      new Step(`thread ${n} dies of what ${which} has left behind`, (w) =>
        toOne(w.ended, which, (each) => toOne(w.peers, n, (peer) => w.die(peer, each))),
      ),
  );
const leaving = nth.map(
  (n) =>
    new Step(`caller ${n} leaves`, (w) =>
      toOne(
        w.callers.filter(({ state }) => state === 'waiting'),
        n,
        (each) => w.leave(each),
      ),
    ),
);
const invalidation = fc
  .tuple(fn, argument)
  .map(([f, a]) => new Step(`invalidate ${f}(${a})`, (w) => w.invalidate(f, a)));
const expiry = fc
  .tuple(fn, argument)
  .map(([f, a]) => new Step(`expire ${f}(${a})`, (w) => w.expire(f, a)));
const priming = fc
  .tuple(fn, argument, rarely)
  .map(([f, a, drop]) => new Step(`prime ${f}(${a}) ${drop}`, (w) => w.prime(f, a, !drop)));
const withdrawal = fc.constant(new Step('withdraw', (w) => w.withdraw()));
const tagInvalidation = fc
  .uniqueArray(fc.constantFrom(...ARGUMENTS, COMMON_TAG), { minLength: 1, maxLength: 2 })
  .map((tags) => new Step(`invalidate tags ${tags}`, (w) => w.invalidateTags(...tags)));
const clearing = fn.map((f) => new Step(`clear ${f}`, (w) => w.clear(f)));
const time = fc
  .constantFrom(2, 10, 60, 110, 2000, 40_000)
  .map((ms) => new Step(`${ms} ms`, (w) => w.passTime(ms)));
const turn = fc.constant(new Step('turn', (w) => w.clock.turn()));
const lateWord = nth.map(
  (n) => new Step(`late word of ${n}`, (w) => toOne(w.ended, n, (each) => w.late(each))),
);
const deadClaim = fc
  .tuple(nth, fn, argument)
  .map(
    ([n, f, a]) =>
      new Step(`dead thread ${n} claims ${f}(${a})`, (w) =>
        toOne(w.deadPeers, n, (peer) => w.claimOfTheDead(peer, f, a)),
      ),
  );
const fault = fc
  .constantFrom(...FAULTS)
  .map((which) => new Step(`the next ${which} throws`, (w) => w.faults.arm(which)));
const tierAnswer = nth.map((n) => new Step(`tier goes on ${n}`, (w) => w.letTierGoOn(n)));

const othersComputation = fc
  .tuple(fn, argument)
  .map(([f, a]) => new Step(`other computes ${f}(${a})`, (w) => w.otherComputes(f, a)));
const othersStore = nth.map((n) => new Step(`other stores ${n}`, (w) => w.otherStores(n)));
const othersEnd = nth.map((n) => new Step(`other gives up ${n}`, (w) => w.otherGivesUp(n)));
const othersInvalidation = fc
  .tuple(fn, argument)
  .map(([f, a]) => new Step(`other invalidates ${f}(${a})`, (w) => w.otherInvalidates(f, a)));

const weighted = [
  [4, call],
  [6, claim],
  [6, started],
  [4, startedHere],
  [8, read],
  [6, finished],
  [1, declined],
  [4, awaits],
  [2, occupied],
  [2, abandoned],
  [2, paused],
  [2, death],
  [2, killing],
  [1, remains],
  [3, leaving],
  [2, invalidation],
  [1, expiry],
  [1, clearing],
  [2, tagInvalidation],
  [2, priming],
  [1, withdrawal],
  [2, time],
  [2, turn],
  [2, lateWord],
  [1, deadClaim],
  [6, tierAnswer],
  [3, fault],
] as const;
const withOther = [
  [10, othersComputation],
  [6, othersStore],
  [5, othersEnd],
  [3, othersInvalidation],
] as const;

/** What computations are made of; and less of what most schedules end with. */
const use = fc
  .tuple(nth, fn, argument, fc.option(nth))
  .map(
    ([n, f, a, held]) =>
      new Step(`${n} uses ${held === null ? `${f}(${a})` : `the kept ${held}`}`, (w) =>
        toOne(w.running.values(), n, (each) => w.use(each, f, a, held ?? undefined)),
      ),
  );
const seldom: readonly fc.Arbitrary<Step>[] = [
  ...[occupied, abandoned, paused, death, killing, remains, withdrawal, fault],
];
const withParts = [
  ...weighted.map(([weight, each]) => [seldom.includes(each) ? 1 : 4 * weight, each] as const),
  [60, use],
  [30, finished],
] as const;

const stepsOf = (which: readonly (readonly [number, fc.Arbitrary<Step>])[]) =>
  fc.oneof(...which.map(([weight, arbitrary]) => ({ weight, arbitrary })));

/** Lets promises come to rest: more turns than the longest chain has, which is the tier chain's. */
async function rest({ withTier }: World): Promise<void> {
  for (let turns = withTier ? 24 : 2; turns > 0; turns--) await undefined;
}

async function play(world: World, schedule: readonly Step[]): Promise<void> {
  for (const step of schedule) {
    world.step++;
    unlessInjected(() => {
      for (const peer of [...world.doomed]) world.die(peer);
    });
    unlessInjected(() => step.run(world));
    await rest(world);
    world.check();
  }
}

/** What is injected may come out of the event that it came up in, and nothing else. */
function unlessInjected(run: () => void): void {
  try {
    run();
  } catch (error) {
    if (!(error instanceof InjectedError)) throw error;
  }
}

let others: NodeJS.UnhandledRejectionListener[] = [];
beforeEach(() => {
  others = process.listeners('unhandledRejection');
  process.removeAllListeners('unhandledRejection');
  process.on('unhandledRejection', (error, promise) => {
    if (!(error instanceof InjectedError)) for (const other of others) other(error, promise);
  });
});
afterEach(() => {
  process.removeAllListeners('unhandledRejection');
  for (const other of others) process.on('unhandledRejection', other);
});

/** Whatever the schedule was: let everything that can go on go on, and no call is left waiting. */
async function finish(world: World): Promise<void> {
  world.faults.disarm();
  for (let round = 0; round < 500; round++) {
    world.step++;
    for (const peer of [...world.doomed]) world.die(peer);
    for (const running of [...world.running.values()].filter(isEndless))
      world.abandon(running.lease);
    for (const peer of world.peers) world.pause(peer);
    for (const go of world.tierWaits.splice(0)) go();
    world.otherStores(0);
    await rest(world);
    unlessInjected(() => world.clock.turn());
    for (const peer of [...world.peers, world.own]) world.start(peer);
    const reads = world.peers.filter(({ inbox, occupant }) => inbox.length > 0 && !occupant);
    for (const peer of reads) world.read(peer);
    await rest(world);
    // What computes for a call that blocks is not asynchronous: it awaits nothing.
    const waitsOf = ({ lease, leader }: Running) =>
      leader?.mode !== 'block' &&
      world.callers.some(
        (each) => each.parent === lease && each.state === 'waiting' && each.leads === undefined,
      );
    const free = [...world.running.values()].find(
      (each) => world.goesOn(each) && !waitsOf(each) && !leadsForOthers(world, each),
    );
    if (free) world.finish(free, 'complete', true);
    await rest(world);
    world.check();
    const all = [...world.peers, world.own];
    const handed = all.some(({ handed, inbox }) => handed.length + inbox.length > 0);
    const held = world.other?.heldBy('other').length ?? 0;
    const isOver = world.running.size + world.tierWaits.length + held === 0 && !handed;
    if (isOver && world.clock.idle) return;
    // Nothing but time goes on in a thread whose occupant never comes to an end.
    const isStuck = world.peers.some(({ occupant }) => occupant && isEndless(occupant));
    if (isStuck) world.clock.advance(1000);
    const canGoOn =
      isStuck ||
      !world.clock.idle ||
      held > 0 ||
      free !== undefined ||
      handed ||
      reads.length > 0 ||
      world.tierWaits.length > 0;
    expect(canGoOn, 'a deadlock: nothing can go on').toBe(true);
  }
  expect.fail('the schedule did not come to rest');
}

/** A computation cannot end while a call that it made, and computes itself, goes on. */
function leadsForOthers(world: World, { lease, leader: its }: Running): boolean {
  return [...world.running.values()].some(
    ({ leader }) =>
      leader?.parent === lease &&
      leader.state === 'waiting' &&
      (its?.mode !== 'block' || leader.mode === 'block'),
  );
}

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;
/** Each has an arena, which the collector takes for little: thousands of them would fill the machine. */
const WORLDS_AT_ONCE = 20;
let worldsMade = 0;

async function holds(world: World, schedule: readonly Step[]): Promise<void> {
  // All else is microtasks: a slow machine would keep the test runner from its event loop for long.
  await setImmediate();
  if (++worldsMade % WORLDS_AT_ONCE === 0) collect();
  await play(world, schedule);
  await finish(world);
  expect(world.callers.filter(({ state }) => state === 'waiting')).toEqual([]);
  expect([...world.coordinator.computations()]).toEqual([]);
  expect(world.coordinator.queued).toBe(0);
  expect(world.other?.heldBy('us') ?? []).toEqual([]);
  expect(world.clock.mayEnd).toBe(true);
}

const runs = Number(process.env['MODEL_RUNS'] ?? (inFull ? cases(150) : 8));
/** For each world: a run that is cut short has held so far. */
const mostMs = Number(process.env['MODEL_MS'] ?? 100_000);

const worlds = [
  { withTier: false },
  { withTier: false, tracked: true },
  { withTier: true, tracked: true },
  { withTier: true, atOnce: true, tracked: true },
  { withTier: false, limited: true, tracked: true },
  { withTier: false, stale: true },
  { withTier: true, stale: true },
  { withTier: true, withOther: true, stale: true },
  { withTier: true, withOther: true, limited: true, timed: true, stale: true },
  { withTier: true },
  { withTier: true, atOnce: true },
  { withTier: true, withOther: true },
  { withTier: false, limited: true },
  { withTier: false, limited: true, timed: true },
  { withTier: true, withOther: true, limited: true },
  { withTier: true, withOther: true, limited: true, timed: true },
];
test.each(worlds)(
  'every schedule keeps the invariants, %o',
  async (options) => {
    const its = options.tracked ? withParts : weighted;
    const steps = stepsOf(options.withOther ? [...its, ...withOther] : its);
    const schedules = fc.array(steps, { minLength: 1, maxLength: 60, size: 'max' });
    const property = fc.asyncProperty(schedules, (schedule) => holds(new World(options), schedule));
    await fc.assert(property, { numRuns: runs, interruptAfterTimeLimit: mostMs });
  },
  mostMs + 20_000,
);

test('a lease that was not read before its thread blocked is waited for, not computed twice', async () => {
  const world = new World({ withTier: false });
  const [first, second] = world.peers as [FakePeer, FakePeer];
  world.claim(second, 'lead', 'g', '1', 0, false);
  world.read(second);
  world.claim(first, 'lead', 'f', '1', 0, false);
  // From its `g(1)`; and so, for the first thread, a circle through a lease that it has not read.
  world.claim(second, 'lead', 'f', '1', 0, false);
  world.claim(first, 'block', 'g', '1', 0, false);
  await finish(world);
  expect(world.fn('f').counters.duplicates + world.fn('g').counters.duplicates).toBe(0);
});

test('a thread that blocks for what it computes itself, beside another computation, computes it apart', async () => {
  const world = new World({ withTier: false });
  const [peer] = world.peers as [FakePeer];
  world.claim(peer, 'lead', 'f', '1', 0, false);
  world.read(peer);
  world.claim(peer, 'lead', 'g', '3', 0, false);
  world.read(peer);
  world.claim(peer, 'block', 'g', '3', 0, false);
  await finish(world);
  expect(world.fn('g').counters.duplicates).toBe(1);
});

test('an invalidated call whose task has not been started is withdrawn, and never computed', () => {
  const world = new World({ withTier: false });
  world.callLocally('f', '1', false);
  world.clear('f');
  world.withdraw();
  expect(world.callers[0]?.state).toBe('answered');
  for (const peer of world.peers) world.start(peer);
  expect(world.running.size).toBe(0);
});

test('of what is cleared, only what a thread computes is computed anew for a later call', () => {
  const world = new World({ withTier: false });
  const waiters = () => world.coordinator.inspect([]).flights.map((its) => its.waiters);
  const keys = ['1', '2', '3'];
  for (const key of keys) world.callLocally('f', key, false);
  for (const peer of world.peers) world.start(peer);
  expect(world.running.size).toBe(2);
  world.clear('f');
  for (const key of keys) world.callLocally('f', key, false);
  expect(waiters().sort()).toEqual([1, 1, 1, 1, 2]);
});

test('of calls that are withdrawn each is answered, whatever one of them throws', () => {
  const world = new World({ withTier: false });
  for (const argument of ARGUMENTS) world.callLocally('f', argument, false);
  world.faults.arm('deliver');
  world.withdraw();
  for (let turns = 0; turns < 5; turns++) unlessInjected(() => world.clock.turn());
  expect(world.callers.map(({ state }) => state)).toEqual(ARGUMENTS.map(() => 'answered'));
});

test('a value that cannot be kept is answered all the same', () => {
  const world = new World({ withTier: false });
  world.callLocally('f', '1', false);
  for (const peer of world.peers) world.start(peer);
  const [running] = world.running.values();
  world.faults.arm('memory set');
  world.finish(running as Running, 'complete', true);
  expect(world.callers.map(({ state }) => state)).toEqual(['answered']);
});

test('a thread that blocks for a slot does not wait for what was abandoned in it', async () => {
  const world = new World({ withTier: false, limited: true });
  const [peer] = world.peers as [FakePeer];
  world.claim(peer, 'lead', 'g', '1', 0, false);
  world.read(peer);
  for (const caller of world.callers) world.leave(caller);
  world.claim(peer, 'block', 'g', '2', 1, false);
  await finish(world);
  expect(world.fn('g').counters.overLimit).toBe(1);
});

test('where every thread is blocked, a slot is not kept for what waits for a thread', async () => {
  const world = new World({ withTier: false, limited: true });
  const step = (name: string, run: () => void) => new Step(name, run);
  const claims = (peer: FakePeer) => world.claim(peer, 'block', 'm', '1', 0, true);
  await play(world, [
    step('a thread blocks', () => claims(world.peers[1] as FakePeer)),
    step('for what the own thread computes', () => world.start(world.own)),
    step('another call', () => world.callLocally('f', '3', true, undefined, 1)),
    // Of `f` there may be one computation.
    step('a call from there', () => world.callLocally('f', '1', true, undefined, 0)),
    step('the other thread dies', () => world.die(world.peers[0] as FakePeer)),
    step('and the next blocks', () => claims(world.peers[1] as FakePeer)),
  ]);
  await finish(world);
});

test('where every thread is blocked, what a caller computes itself is left to the caller', async () => {
  const world = new World({ withTier: false, limited: true });
  const step = (name: string, run: () => void) => new Step(name, run);
  const claims = () => world.claim(world.peers[1] as FakePeer, 'block', 'c', '2', 0, true);
  await play(world, [
    step('a call', () => world.callLocally('f', '1', true)),
    // Of `c` there may be one computation.
    step('one that its caller computes', () => world.callLocally('c', '1', true)),
    step('a thread blocks for a slot', claims),
    step('the other thread dies', () => world.die(world.peers[0] as FakePeer)),
    step('and the next blocks for the same', claims),
    step('the first goes on', () =>
      world.claim(world.peers[0] as FakePeer, 'lead', 'f', '1', 0, true),
    ),
  ]);
  await finish(world);
});
