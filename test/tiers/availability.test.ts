/** When a server is used and when it is not, whatever it is: every order of events, by hand. */

import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { TierAccessError } from '../../src/errors.ts';
import { Availability } from '../../src/tiers/availability.ts';
import type { Session, SessionStore } from '../../src/tiers/session.ts';
import type { Invalidation } from '../../src/tiers/tier.ts';
import { FakeClock } from '../fake-clock.ts';

const times = { command: 100, connect: 1000, retry: 500, ping: 5000, pingWhenWaiting: 50 };
const x: Invalidation = { of: 'key', functionId: 'f', key: 'x' };
const y: Invalidation = { of: 'key', functionId: 'f', key: 'y' };

interface FakeSession extends Session {
  readonly lost: (cause?: unknown) => void;
}

/** What it is told is answered by hand, in any order. */
class FakeStore implements SessionStore<FakeSession> {
  readonly name = 'The store';
  readonly AccessError = TierAccessError;
  readonly sessions: FakeSession[] = [];
  readonly told: { what: Invalidation; done(): void; fail(error?: Error): void }[] = [];
  readonly events: string[] = [];
  refusal = (error: unknown) => (String(error).includes('READONLY') ? 'READONLY' : undefined);
  ping: () => Promise<unknown> = async () => {};
  cut = () => {};
  connect = (lost: (cause: unknown) => void): FakeSession => {
    const ready = Promise.resolve();
    const session = { ready, ping: () => this.ping(), cut: () => this.cut(), lost };
    this.sessions.push(session);
    return session;
  };
  tell(what: Invalidation): Promise<void> {
    return new Promise((resolve, reject) => {
      const fail = (error = new Error('READONLY')) => reject(error);
      this.told.push({ what, done: resolve, fail });
    });
  }
  missed = () => void this.events.push('missed');
  stopped = () => void this.events.push('stopped');

  get session(): FakeSession {
    return this.sessions.at(-1) as FakeSession;
  }
}

/** Everything that can happen without time or an answer has happened. */
const still = () => new Promise<void>((resolve) => setImmediate(resolve));

let clock: FakeClock;
let store: FakeStore;
beforeEach(() => {
  vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
  clock = new FakeClock();
  store = new FakeStore();
});
afterEach(() => vi.restoreAllMocks());

async function opened(): Promise<Availability<FakeSession>> {
  const server = new Availability(store, clock, times);
  await still();
  return server;
}

async function passes(ms: number): Promise<void> {
  clock.advance(ms);
  await still();
  while (!clock.idle) clock.turn();
  await still();
}

const read = (server: Availability<FakeSession>) => server.ask('read', async () => 'old');
const failure = (work: Promise<unknown>) => work.then(() => undefined, String);

test('nothing is read after an invalidation was refused, until it is made up for', async () => {
  const server = await opened();
  const failed = failure(server.invalidate(x));
  await still();
  store.told[0]?.fail();
  expect(await failed).toContain('READONLY');
  await expect(read(server)).rejects.toThrow(TierAccessError);
  await passes(times.retry);
  expect(store.told.at(-1)?.what).toEqual(x);
  await expect(read(server)).rejects.toThrow(TierAccessError);
  store.told.at(-1)?.done();
  await still();
  expect(await read(server)).toBe('old');
  expect(server.stats.refused).toBe(1);
  // The outage says it.
  expect(process.emitWarning).toHaveBeenCalledOnce();
  // The session was the same: nothing was missed.
  expect(store.events).toEqual(['stopped']);
  expect(store.sessions).toHaveLength(1);
});

test('a server that goes on refusing what it is owed is connected to anew, and memory is kept', async () => {
  const server = await opened();
  void failure(server.invalidate(x));
  await still();
  for (let round = 0; round < 3; round++) {
    store.told.at(-1)?.fail();
    await still();
    await passes(times.retry);
  }
  expect(store.sessions).toHaveLength(3);
  expect(store.events).not.toContain('missed');
  expect(server.stats.outages).toBe(1);
  store.told.at(-1)?.done();
  await still();
  expect(store.events.at(-1)).toBe('missed');
  expect(server.isUp).toBe(true);
});

test('an invalidation that comes while others are made up for is sent at once', async () => {
  const server = await opened();
  store.session.lost();
  await failure(server.invalidate(x));
  await passes(times.retry);
  const second = server.invalidate(y);
  await still();
  expect(store.told.map(({ what }) => what)).toEqual([x, y]);
  expect(server.isUp).toBe(false);
  store.told[0]?.done();
  await still();
  // As ever, no call is kept from reading by one that is under way.
  expect(server.isUp).toBe(true);
  store.told[1]?.done();
  await second;
});

test('an invalidation that fails while others are made up for is made before anything is read', async () => {
  const server = await opened();
  store.session.lost();
  await failure(server.invalidate(x));
  await passes(times.retry);
  const second = failure(server.invalidate(y));
  await still();
  store.told[1]?.fail();
  expect(await second).toContain('READONLY');
  store.told[0]?.done();
  await still();
  expect(server.isUp).toBe(false);
  await passes(times.retry);
  expect(store.told.map(({ what }) => what)).toEqual([x, y, y]);
  store.told[2]?.done();
  await still();
  expect(server.isUp).toBe(true);
});

test('an invalidation that comes before a new session has answered is made before anything is read', async () => {
  const server = await opened();
  store.session.lost();
  let answer = () => {};
  store.ping = () => new Promise<void>((resolve) => (answer = resolve));
  await passes(times.retry);
  await failure(server.invalidate(x));
  answer();
  await still();
  expect(server.isUp).toBe(false);
  store.told[0]?.done();
  await still();
  expect(server.isUp).toBe(true);
});

test('an invalidation by a listener that learns that something was missed is sent at once', async () => {
  const server = await opened();
  store.session.lost();
  let made: Promise<void> | undefined;
  store.missed = () => {
    made = server.invalidate(x);
  };
  await passes(times.retry);
  expect(store.told).toHaveLength(1);
  store.told[0]?.done();
  await made;
});

test('an invalidation that was under way when the session ended is owed at once', async () => {
  const server = await opened();
  const failed = failure(server.invalidate(x));
  await still();
  store.session.lost();
  await passes(times.retry);
  // The first one is not even known to have failed.
  expect(store.told.map(({ what }) => what)).toEqual([x, x]);
  expect(server.isUp).toBe(false);
  store.told[0]?.fail();
  store.told[1]?.done();
  await failed;
  await still();
  expect(server.isUp).toBe(true);
});

test('invalidations during an outage ask the server for nothing', async () => {
  const server = await opened();
  store.session.lost();
  for (let n = 0; n < 2000; n++)
    await failure(server.invalidate({ of: 'key', functionId: 'f', key: `${n}` }));
  expect(store.told).toEqual([]);
  await passes(times.retry);
  expect(store.told.map(({ what }) => what)).toEqual([{ of: 'function', functionId: 'f' }]);
});

test('what is owed is sent a part at a time, and nothing is read before all of it is sent', async () => {
  const server = await opened();
  store.session.lost();
  for (let n = 0; n < 100; n++)
    await failure(server.invalidate({ of: 'key', functionId: 'f', key: `${n}` }));
  await passes(times.retry);
  const parts: number[] = [];
  for (let told = 0; told < store.told.length; ) {
    expect(server.isUp).toBe(false);
    const part = store.told.slice(told);
    parts.push(part.length);
    told += part.length;
    for (const { done } of part) done();
    await still();
  }
  expect(Math.max(...parts)).toBeLessThan(50);
  expect(store.told).toHaveLength(100);
  expect(server.isUp).toBe(true);
});

test('a session that throws when it is cut is replaced all the same', async () => {
  store.cut = () => {
    throw new Error('ClientClosedError');
  };
  const server = await opened();
  store.session.lost();
  expect(store.events).toEqual(['stopped']);
  await passes(times.retry);
  expect(server.isUp).toBe(true);
  server.close();
});

test('a client that throws when it is to connect is tried again', async () => {
  const { connect } = store;
  store.connect = () => {
    throw new Error('no way there');
  };
  const server = await opened();
  await expect(read(server)).rejects.toThrow(TierAccessError);
  store.connect = connect;
  await passes(times.retry);
  expect(await read(server)).toBe('old');
});

test('a listener that throws keeps no call from the server for good', async () => {
  const server = await opened();
  store.session.lost();
  store.missed = () => {
    throw new Error('what a listener');
  };
  await passes(times.retry);
  store.missed = () => {};
  await passes(times.retry);
  expect(server.isUp).toBe(true);
});

test('what is late is doubted, and asked for again on the same session', async () => {
  const server = await opened();
  const late = failure(server.ask('read', () => new Promise(() => {})));
  await passes(times.command);
  expect(await late).toContain('cannot be used');
  await passes(times.retry);
  expect(await read(server)).toBe('old');
  expect(store.sessions).toHaveLength(1);
  expect(server.stats.outages).toBe(1);
});

test('what belongs to one session is not asked of the next one', async () => {
  const server = await opened();
  const number = await server.sessionNumber();
  const ask = () => server.ask('set', async () => 'stored', number);
  expect(await ask()).toBe('stored');
  store.session.lost();
  await expect(server.sessionNumber()).rejects.toThrow(TierAccessError);
  await passes(times.retry);
  await expect(ask()).rejects.toThrow(/was away meanwhile/);
  expect(server.isUp).toBe(true);
});

test('what is under way keeps the process alive, and nothing else', async () => {
  const server = await opened();
  expect(clock.mayEnd).toBe(true);
  let done = (_: string) => {};
  const asked = server.ask('read', () => new Promise<string>((resolve) => (done = resolve)));
  expect(clock.mayEnd).toBe(false);
  await still();
  done('now');
  expect(await asked).toBe('now');
  expect(clock.mayEnd).toBe(true);
});

test('closed, it says so', async () => {
  const server = await opened();
  server.close();
  await expect(read(server)).rejects.toThrow(/was closed/);
  await expect(server.invalidate(x)).rejects.toThrow(/was closed/);
});

describe('while a call waits for another process', () => {
  /** Pings that were sent; none is answered. */
  function silent(): { sent: number } {
    const pings = { sent: 0 };
    store.ping = () => {
      pings.sent++;
      return new Promise(() => {});
    };
    return pings;
  }

  test('a server that is silent is given up before its time limit has passed', async () => {
    const server = await opened();
    const pings = silent();
    server.waited = true;
    await passes(times.pingWhenWaiting);
    expect(pings.sent).toBe(1);
    await passes(0.6 * times.command - 1);
    expect(server.isUp).toBe(true);
    await passes(1);
    expect(server.isUp).toBe(false);
    expect(store.events).toEqual(['stopped']);
  });

  test('a ping is not put off by those who begin and cease to wait', async () => {
    const server = await opened();
    const pings = silent();
    for (let round = 0; round < 5; round++) {
      server.waited = round % 2 === 0;
      await passes(times.pingWhenWaiting / 5);
    }
    expect(pings.sent).toBe(1);
  });

  test('pings go on one after another, and seldom when no call waits any more', async () => {
    const server = await opened();
    let sent = 0;
    store.ping = async () => void sent++;
    server.waited = true;
    for (let round = 0; round < 10; round++) await passes(times.pingWhenWaiting);
    expect(sent).toBe(10);
    server.waited = false;
    for (let round = 0; round < 10; round++) await passes(times.pingWhenWaiting);
    // The one that was planned.
    expect(sent).toBe(11);
    await passes(times.ping);
    expect(sent).toBe(12);
  });
});
