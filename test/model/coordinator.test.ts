/**
 * Random schedules against the coordinator: calls, claims, outcomes, deaths, aborts, invalidations,
 * expiry, eviction, tiers that answer late, and late words of the dead. After every step the
 * invariants hold, and at the end of every schedule everybody can be answered.
 */

import { setImmediate } from 'node:timers/promises';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ARGUMENTS, type FakePeer, FUNCTIONS, type Running, World } from './world.ts';

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

const fn = fc.constantFrom(...FUNCTIONS);
const argument = fc.constantFrom(...ARGUMENTS);
const nth = fc.nat(9);
const rarely = fc.integer({ min: 0, max: 7 }).map((n) => n === 0);

/** Does something to the n-th of those that there are, counted around; nothing if there is none. */
function toOne<T>(items: Iterable<T>, n: number, run: (item: T) => void): void {
  const all = [...items];
  const item = all[n % all.length];
  if (item !== undefined) run(item);
}

const call = fc
  .tuple(fn, argument, rarely)
  .map(([f, a, again]) => new Step(`call ${f}(${a}) ${again}`, (w) => w.callLocally(f, a, again)));
const mode = fc.constantFrom('lead', 'lead', 'block', 'block', 'wait');
const claim = fc
  .tuple(nth, mode, fn, argument, nth, rarely)
  .map(
    ([n, how, f, a, from, again]) =>
      new Step(`thread ${n} claims ${f}(${a}) from ${from} ${how} ${again}`, (w) =>
        toOne(w.peers, n, (peer) => w.claim(peer, how, f, a, from, again)),
      ),
  );
const started = nth.map(
  (n) => new Step(`thread ${n} starts a task`, (w) => toOne(w.peers, n, (peer) => w.start(peer))),
);
const read = nth.map(
  (n) => new Step(`thread ${n} reads`, (w) => toOne(w.peers, n, (peer) => w.read(peer))),
);
const finished = fc
  .tuple(nth, rarely, rarely)
  .map(
    ([n, fails, drop]) =>
      new Step(`${n} ${fails ? 'fails' : 'completes'} ${drop ? 'unkept' : ''}`, (w) =>
        toOne(w.running.values(), n, (each) => w.finish(each, fails ? 'fail' : 'complete', !drop)),
      ),
  );
const declined = nth.map(
  (n) => new Step(`decline ${n}`, (w) => toOne(w.running.values(), n, (each) => w.decline(each))),
);
const death = nth.map(
  (n) => new Step(`thread ${n} dies`, (w) => toOne(w.peers, n, (peer) => w.die(peer))),
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
const clearing = fn.map((f) => new Step(`clear ${f}`, (w) => w.clear(f)));
const time = fc
  .constantFrom(2, 10, 60, 2000, 40_000)
  .map((ms) => new Step(`${ms} ms`, (w) => w.clock.advance(ms)));
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
  [8, read],
  [6, finished],
  [1, declined],
  [2, death],
  [3, leaving],
  [2, invalidation],
  [1, clearing],
  [2, time],
  [2, turn],
  [2, lateWord],
  [1, deadClaim],
  [6, tierAnswer],
] as const;
const withOther = [
  [10, othersComputation],
  [6, othersStore],
  [5, othersEnd],
  [3, othersInvalidation],
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
    for (const peer of [...world.doomed]) world.die(peer);
    step.run(world);
    await rest(world);
    world.check();
  }
}

/** Whatever the schedule was: let everything that can go on go on, and nobody is left waiting. */
async function finish(world: World): Promise<void> {
  for (let round = 0; round < 500; round++) {
    world.step++;
    for (const go of world.tierWaits.splice(0)) go();
    world.otherStores(0);
    await rest(world);
    world.clock.turn();
    for (const peer of world.peers) world.start(peer);
    const reads = world.peers.filter(({ inbox }) => inbox.length > 0);
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
    const handed = world.peers.some(({ handed, inbox }) => handed.length + inbox.length > 0);
    const held = world.other?.heldBy('other').length ?? 0;
    if (world.running.size + world.tierWaits.length + held === 0 && !handed) return;
    const canGoOn =
      held > 0 || free !== undefined || handed || reads.length > 0 || world.tierWaits.length > 0;
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

async function holds(world: World, schedule: readonly Step[]): Promise<void> {
  // All else is microtasks: a slow machine would keep the test runner from its event loop for long.
  await setImmediate();
  await play(world, schedule);
  await finish(world);
  expect(world.callers.filter(({ state }) => state === 'waiting')).toEqual([]);
  expect([...world.coordinator.leases.all()]).toEqual([]);
  expect(world.dispatcher.size + world.coordinator.inLine).toBe(0);
  expect(world.other?.heldBy('us') ?? []).toEqual([]);
  expect(world.clock.mayEnd).toBe(true);
}

const runs = Number(process.env['MODEL_RUNS'] ?? 150);

const worlds = [
  { withTier: false },
  { withTier: true },
  { withTier: true, atOnce: true },
  { withTier: true, withOther: true },
];
test.each(worlds)(
  'every schedule keeps the invariants, %o',
  async (options) => {
    const steps = stepsOf('withOther' in options ? [...weighted, ...withOther] : weighted);
    const schedules = fc.array(steps, { minLength: 1, maxLength: 60, size: 'max' });
    const property = fc.asyncProperty(schedules, (schedule) => holds(new World(options), schedule));
    await fc.assert(property, { numRuns: runs, interruptAfterTimeLimit: 100_000 });
  },
  120_000,
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
