/** Many callers, one answer: it gives way to everything else, and loses nothing. */

import { MessageChannel } from 'node:worker_threads';
import { createPool } from 'threadmemo';
import { expect, onTestFinished, test } from 'vitest';
import { AT_ONCE } from '../../src/call/abort.ts';
import { portChannel } from '../../src/call/channel.ts';
import { Inbox, MOST_AT_ONCE, MOST_MS } from '../../src/pool/inbox.ts';
import { inFull, variants } from '../effort.ts';
import { FakeClock } from '../fake-clock.ts';
import { grants, refuses } from '../fixtures/awaited-by-crowds.ts';
import { fresh, lift } from '../fixtures/counters-and-gates.ts';
import { open, until } from './open.ts';

const CROWD = inFull ? 3_000 : 1_200;

/** Turns of the event loop, until the test is over. */
function turns(): () => number {
  let count = 0;
  let next = setImmediate(function turn() {
    count++;
    next = setImmediate(turn);
  });
  onTestFinished(() => clearImmediate(next));
  return () => count;
}

const answers = [
  ['a failure', refuses],
  ['a value', grants],
] as const;
test.each(variants<(typeof answers)[number]>(answers, 1))(
  '%s for a crowd comes in the order of the calls, and gives way meanwhile',
  async (_, ask) => {
    await open({ threads: 1 });
    const gate = fresh('crowd');
    const turn = turns();
    const answered: { n: number; turn: number }[] = [];
    const calls = Array.from({ length: CROWD }, (_, n) =>
      ask(gate).then(
        () => answered.push({ n, turn: turn() }),
        () => answered.push({ n, turn: turn() }),
      ),
    );
    lift(gate);
    await Promise.all(calls);
    expect(answered.map(({ n }) => n)).toEqual(calls.map((_, n) => n));
    expect((answered.at(-1)?.turn ?? 0) - (answered[0]?.turn ?? 0)).toBeGreaterThan(0);
  },
);

test.runIf(inFull)(
  'the pool is closed while a crowd is being answered: each call still gets its own answer',
  async () => {
    const pool = await createPool({ threads: 1 });
    const gate = fresh('crowd');
    let closing: Promise<void> | undefined;
    const calls = Array.from({ length: CROWD }, () =>
      refuses(gate).catch((error: Error) => {
        closing ??= pool.close();
        return error.message;
      }),
    );
    lift(gate);
    expect(new Set(await Promise.all(calls))).toEqual(new Set([`refused at ${gate}`]));
    await closing;
  },
);

test.runIf(inFull)('close() answers a crowd, and different calls, in several turns', async () => {
  const pool = await createPool({ threads: 1 });
  const gate = fresh('crowd');
  const turn = turns();
  const kinds = Array.from({ length: CROWD }, (_, n) =>
    grants(n % 2 === 0 ? gate : `${gate} ${n}`).catch((error: Error) => error.name),
  );
  await until(() => pool.stats().queued > 0);
  const before = turn();
  await pool.close();
  expect(new Set(await Promise.all(kinds))).toEqual(new Set(['PoolClosedError']));
  expect(turn() - before).toBeGreaterThan(0);
});

test('callers leave and join while a crowd is being answered', async () => {
  const pool = await open({ threads: 1 });
  const gate = fresh('crowd');
  const leaving = new AbortController();
  const early = Array.from({ length: CROWD }, () => grants(gate));
  const late = grants
    .with({ signal: leaving.signal })(gate)
    .catch((error: Error) => error.name);
  let joined: Promise<string[]> | undefined;
  void early[0]?.then(() => {
    leaving.abort();
    joined = grants(gate);
  });
  lift(gate);
  expect(await late).toBe('AbortError');
  await Promise.all(early);
  expect(await joined).toEqual([gate, 'granted']);
  expect(grants.stats()).toMatchObject({ cancelled: 0, errors: 0 });
  expect(pool.stats().queued).toBe(0);
});

test('one signal ends a crowd of calls in several turns', async () => {
  await open({ threads: 1 });
  const gate = fresh('crowd');
  const controller = new AbortController();
  const limited = grants.with({ signal: controller.signal });
  const calls = Array.from({ length: CROWD }, () =>
    limited(gate).catch((error: Error) => error.name),
  );
  const turn = turns();
  await until(() => turn() > 1);
  const before = turn();
  controller.abort();
  expect(new Set(await Promise.all(calls))).toEqual(new Set(['AbortError']));
  expect(turn() - before).toBeGreaterThan(0);
});

test('a flood of messages gives way, and keeps its order', async () => {
  const { port1, port2 } = new MessageChannel();
  onTestFinished(() => port1.close());
  const turn = turns();
  const heard: { n: number; turn: number }[] = [];
  new Inbox(portChannel(port1), (message) => {
    heard.push({ n: (message as unknown as { n: number }).n, turn: turn() });
  });
  for (let n = 0; n < 3000; n++) port2.postMessage({ n });
  await until(() => heard.length === 3000);
  expect(heard.map(({ n }) => n)).toEqual(Array.from({ length: 3000 }, (_, n) => n));
  const inOne = new Map<number, number>();
  for (const { turn } of heard) inOne.set(turn, (inOne.get(turn) ?? 0) + 1);
  expect(Math.max(...inOne.values())).toBeLessThanOrEqual(2 * MOST_AT_ONCE);
});

test('messages that take long give way sooner, and all messages of a thread that has gone are read', () => {
  const clock = new FakeClock();
  let arrive = (_: unknown) => {};
  const there: { message: { n: number } }[] = [];
  const channel = {
    take: () => there.shift(),
    listen(hear: (message: unknown) => void) {
      arrive = hear;
    },
  };
  let heard = 0;
  const long = () => {
    heard++;
    clock.advance(1);
  };
  const inbox = new Inbox<{ n: number }>(channel, long, clock);
  for (let n = 1; n < 50; n++) there.push({ message: { n } });
  arrive({ n: 0 });
  expect(heard).toBe(MOST_MS);
  let isDead = false;
  inbox.drain(() => {
    isDead = true;
  });
  for (let turns = 0; !isDead; turns++) {
    expect(heard).toBe(MOST_MS * (turns + 1));
    clock.turn();
    expect(turns).toBeLessThan(50);
  }
  expect(heard).toBe(50);
});

test('many short readings of one turn share its budget', () => {
  const clock = new FakeClock();
  let arrive = (_: unknown) => {};
  const there: { message: { n: number } }[] = [];
  const channel = {
    take: () => there.shift(),
    listen(hear: (message: unknown) => void) {
      arrive = hear;
    },
  };
  const heard: number[] = [];
  new Inbox<{ n: number }>(channel, ({ n }) => void heard.push(n), clock);
  for (let n = 0; n < 3 * MOST_AT_ONCE; n++) arrive({ n });
  for (let turns = 1; turns <= 3; turns++) {
    expect(heard).toHaveLength(turns * MOST_AT_ONCE);
    clock.turn();
  }
  arrive({ n: heard.length });
  expect(heard).toEqual(Array.from({ length: 3 * MOST_AT_ONCE + 1 }, (_, n) => n));
});

test('what has timed out at one moment ends in several turns', async () => {
  await open({ threads: 1 });
  const gate = fresh('crowd');
  const turn = turns();
  const ended = new Set<number>();
  const limited = grants.with({ timeout: 20 });
  const calls = Array.from({ length: CROWD }, () =>
    limited(gate).catch((error: Error) => {
      ended.add(turn());
      return error.name;
    }),
  );
  const last = performance.now();
  while (performance.now() - last < 50);
  expect(new Set(await Promise.all(calls))).toEqual(new Set(['TimeoutError']));
  expect(ended.size).toBeGreaterThanOrEqual(CROWD / AT_ONCE);
});

test.runIf(inFull)(
  'a crowd is withdrawn in several turns: nothing of it begins, and a call that joins it later is answered',
  async () => {
    const pool = await open({ threads: 1 });
    const gate = fresh('crowd');
    await grants(lifted(gate));
    const turn = turns();
    const before = grants.stats().computations;
    const keyOf = (n: number) => `${gate} ${n}`;
    const ended = new Set<number>();
    const calls = Array.from({ length: CROWD }, (_, n) =>
      grants(keyOf(n)).then(
        () => 'granted',
        (error: Error) => {
          ended.add(turn());
          return error.name;
        },
      ),
    );
    const { queued } = pool.stats();
    expect(queued).toBeGreaterThan(CROWD / 2);
    pool.withdraw();
    expect(pool.stats().queued).toBe(0);
    const late = grants(lifted(keyOf(CROWD - 1)));
    for (let n = 0; n < CROWD; n++) lift(keyOf(n));
    const outcomes = await Promise.all(calls);
    expect(outcomes.filter((outcome) => outcome === 'PoolClosedError')).toHaveLength(queued);
    expect(ended.size).toBeGreaterThan(1);
    expect(await late).toEqual([keyOf(CROWD - 1), 'granted']);
    expect(grants.stats().computations - before).toBe(CROWD - queued + 1);
  },
);

function lifted(gate: string): string {
  lift(gate);
  return gate;
}

test('a port that has closed is not read: that would end the process', async () => {
  const { port1 } = new MessageChannel();
  const channel = portChannel(port1);
  const closed = new Promise((resolve) => port1.once('close', resolve));
  channel.close();
  await closed;
  expect(channel.take()).toBeUndefined();
});
