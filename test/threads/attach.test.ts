/** Workers that other code has started: they share the cache, and stay their owner's. */

import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Worker } from 'node:worker_threads';
import { OptionError, PoolClosedError, ThreadError, WorkerLostError } from 'threadmemo';
import { expect, onTestFinished, test } from 'vitest';
import { inFull } from '../effort.ts';
import { holds } from '../fixtures/batches-and-sleep.ts';
import { parked, partitions, suspended } from '../fixtures/blocking.ts';
import { count, counted, fresh, lift, reaches } from '../fixtures/counters-and-gates.ts';
import { gated, type Run } from '../fixtures/gated.ts';
import { hangs } from '../fixtures/hanging.ts';
import { increment, whereAmI } from '../fixtures/quick.ts';
import { Guest } from './guest.ts';
import { open, rejection, until } from './open.ts';

test('what one side has computed, the other finds in memory', async () => {
  const pool = await open({ threads: 1 });
  const guest = new Guest();
  await pool.attach(guest.worker);
  const cell = fresh('computed');
  expect(await guest.ask('call', 'increment', 1, cell)).toBe(2);
  // The guest's word may overtake the coordinator's.
  await until(() => pool.stats().entries === 1);
  expect(await increment(1, cell)).toBe(2);
  expect(await increment(2, cell)).toBe(3);
  expect(await guest.ask('call', 'increment', 2, cell)).toBe(3);
  expect(await guest.ask('call', 'increment', 2, cell)).toBe(3);
  expect(await guest.ask('peek', 'increment', 2, cell)).toBe(3);
  expect(counted(cell)).toBe(2);
  expect(increment.stats().hitsIn).toEqual({ near: 1, shared: 2, memory: 0, tiers: 0 });
  expect(pool.stats()).toMatchObject({ computations: 2, attached: 1, threads: 1 });
});

test('it computes what it wants itself, and nothing else', async () => {
  const pool = await open({ threads: 1 });
  const guest = new Guest();
  await pool.attach(guest.worker);
  const mine = await guest.ask('call', 'whereAmI', fresh('caller'));
  expect(mine).toBe(guest.threadId);
  // More at once than the pool's only thread can begin with, and the guest has nothing to do.
  const threads = await Promise.all(Array.from({ length: 50 }, () => whereAmI(fresh('caller'))));
  expect(threads).not.toContain(guest.threadId);
  expect(await guest.ask('fork', 'elsewhere', fresh('forked'))).toBe(threads[0]);
});

test('each waits for what the other computes', async () => {
  const pool = await open({ threads: 1 });
  const guest = new Guest();
  await pool.attach(guest.worker);
  const [here, there] = [fresh('here'), fresh('there')];
  const first = gated(here);
  await reaches(`${here}:started`, 1);
  const joined = guest.ask('call', 'gated', here);
  const led = guest.ask('call', 'gated', there);
  await reaches(`${there}:started`, 1);
  const waits = gated(there);
  await until(() => gated.stats().waits === 2);
  lift(here);
  lift(there);
  expect(await joined).toEqual(await first);
  expect(await led).toEqual(await waits);
  expect(((await led) as Run).thread).toBe(guest.threadId);
  expect([counted(`${here}:started`), counted(`${there}:started`)]).toEqual([1, 1]);
  expect(pool.stats().computations).toBe(2);
});

test('it takes over what waits for a thread', async () => {
  const pool = await open({ threads: 1 });
  const guest = new Guest();
  await pool.attach(guest.worker);
  const [busy, queued] = [fresh('busy'), fresh('queued')];
  const held = holds(busy);
  await reaches(`${busy}:holds`, 1);
  const call = gated(queued);
  const taken = guest.ask('call', 'gated', queued);
  await reaches(`${queued}:started`, 1);
  lift(queued);
  expect(await call).toEqual({ nth: 1, thread: guest.threadId });
  expect(await taken).toEqual(await call);
  count(`${busy}:go`);
  await held;
});

test('what is forgotten on one side is forgotten on the other', async () => {
  const pool = await open({ threads: 1 });
  const guest = new Guest();
  await pool.attach(guest.worker);
  const cell = fresh('computed');
  for (const forget of [() => increment.invalidate(1, cell), () => increment.clear()]) {
    await guest.ask('call', 'increment', 1, cell);
    await forget();
    expect(await guest.ask('has', 'increment', 1, cell)).toBe(false);
  }
  await increment(1, cell);
  await guest.ask('invalidate', 'increment', 1, cell);
  expect(increment.has(1, cell)).toBe(false);
  expect(await guest.ask('stats', 'increment')).toEqual(increment.stats());
});

test.runIf(inFull)('it may block, and shares the sub-problems', async () => {
  const pool = await open({ threads: 1 });
  const guest = new Guest();
  await pool.attach(guest.worker);
  const both = [guest.ask('sync', 'partitions', 60, 60), partitions(59, 59)];
  expect(await Promise.all(both)).toEqual([966467, 831820]);
  // The last outcomes may be on their way.
  await until(() => {
    const { computations, entries, duplicates } = pool.stats();
    return computations === entries + duplicates;
  });
});

test.runIf(inFull)(
  'blocked by what waits for its own computation, it computes that a second time',
  async () => {
    const pool = await open({ threads: 1 });
    const guest = new Guest();
    await pool.attach(guest.worker);
    const gate = fresh('circle');
    const own = guest.ask('call', 'suspended', gate);
    await reaches(`${gate}:suspended`, 1);
    const waits = parked(gate);
    await until(() => suspended.stats().waits === 1);
    expect(await guest.ask('sync', 'parked', gate)).toBe(2);
    expect(pool.stats().duplicates).toBe(1);
    lift(gate);
    expect(await Promise.all([own, waits])).toEqual([1, 1]);
  },
);

test.runIf(inFull)(
  'a call that is made before any message could arrive finds the pool',
  async () => {
    const pool = await open({ threads: 1 });
    const cell = fresh('first');
    await increment(1, cell);
    const guest = new Guest({ deed: 'sync', args: ['increment', 1, cell] });
    await pool.attach(guest.worker);
    expect(await guest.first()).toBe(2);
    expect(counted(cell)).toBe(1);
  },
);

test('a thread that reads no messages is attached all the same', async () => {
  const pool = await open({ threads: 1 });
  const gate = fresh('deaf');
  const guest = new Guest({ deed: 'spin', args: [gate] });
  await reaches(`${gate}:spins`, 1);
  await pool.attach(guest.worker);
  expect(counted(gate)).toBe(0);
  const cell = fresh('computed');
  const call = guest.ask('call', 'increment', 1, cell);
  count(gate);
  expect(await call).toBe(2);
  await until(() => increment.has(1, cell));
});

test('what it computes knows nothing of the context of its first call', async () => {
  const pool = await open({ threads: 1 });
  const guest = new Guest();
  await pool.attach(guest.worker);
  expect(await guest.ask('within', 'first', 'seesContext', fresh('caller'))).toBe('none');
  expect(await guest.ask('call', 'seesContext', fresh('caller'))).toBe('none');
});

test.runIf(inFull)('it ends by itself, but not before its calls are answered', async () => {
  const pool = await open({ threads: 1 });
  const guest = new Guest();
  await pool.attach(guest.worker);
  const gate = fresh('last');
  const first = gated(gate);
  await reaches(`${gate}:started`, 1);
  const last = guest.ask('call', 'gated', gate);
  await guest.ask('letGo');
  // Another one has come and gone: time enough for this one to end.
  const other = new Guest();
  await pool.attach(other.worker);
  await other.ask('call', 'increment', 1);
  await other.ask('letGo');
  expect(await other.exited).toBe(0);
  lift(gate);
  expect(await last).toEqual(await first);
  expect(await guest.exited).toBe(0);
  expect(pool.stats()).toMatchObject({ attached: 0, threadsLost: 0 });
});

test('its place is given back', async () => {
  const pool = await open({ threads: 1 });
  const guest = new Guest();
  await pool.attach(guest.worker);
  await guest.ask('call', 'increment', 1);
  await until(() => pool.stats().entries === 1);
  await guest.ask('call', 'increment', 1);
  expect(pool.stats()).toMatchObject({ near: { entries: 1 }, attached: 1 });
  await guest.worker.terminate();
  expect(pool.stats()).toMatchObject({ near: { entries: 0 }, attached: 0, hitsIn: { shared: 1 } });
});

test('when its owner ends it, others do what it has begun, and no computation is blamed', async () => {
  const pool = await open({ threads: 1, attempts: 1 });
  const guest = new Guest();
  await pool.attach(guest.worker);
  const gate = fresh('ended');
  void guest.ask('call', 'gated', gate).catch(() => {});
  await reaches(`${gate}:started`, 1);
  const waits = gated(gate);
  await until(() => gated.stats().waits === 1);
  await guest.worker.terminate();
  lift(gate);
  expect(await waits).toMatchObject({ nth: 2 });
  expect(pool.stats()).toMatchObject({ attached: 0, lost: 1, threadsLost: 0 });
});

test('what it dies of is its owner’s to hear, and the cause of those who waited', async () => {
  const pool = await open({ threads: 1, attempts: 1 });
  const guest = new Guest();
  await pool.attach(guest.worker);
  const gate = fresh('died');
  void guest.ask('call', 'gated', gate).catch(() => {});
  await reaches(`${gate}:started`, 1);
  const waits = rejection(gated(gate));
  // With a listener of ours, an error that the owner has none for would end nothing.
  expect(guest.worker.listenerCount('error')).toBe(0);
  await until(() => gated.stats().waits === 1);
  const heard = once(guest.worker, 'error');
  void guest.ask('throws').catch(() => {});
  const error = await waits;
  expect(error).toBeInstanceOf(WorkerLostError);
  expect(error.cause).toMatchObject({ name: 'RangeError', message: 'of its own' });
  expect((await heard)[0]).toMatchObject({ message: 'of its own' });
});

test.runIf(inFull)('a computation that does not stop costs it nothing', async () => {
  const pool = await open({ threads: 1 });
  const guest = new Guest();
  await pool.attach(guest.worker);
  const [gate, theirs, ours] = [fresh('up'), fresh('theirs'), fresh('ours')];
  const given = rejection(guest.ask('abandon', 'hangs', [theirs, 'idle'], gate));
  const abort = new AbortController();
  const call = rejection(hangs.with({ signal: abort.signal })(ours, 'idle'));
  await Promise.all([theirs, ours].map((name) => reaches(`${name}:started`, 1)));
  lift(gate);
  expect((await given).message).toBe('given up');
  await until(() => hangs.stats().cancelled === 1);
  abort.abort(new Error('given up'));
  await call;
  // The pool's own is replaced after the same time, which has begun later.
  await until(() => pool.stats().threadsLost === 1);
  expect(await guest.ask('call', 'increment', 1)).toBe(2);
  expect(pool.stats().attached).toBe(1);
});

test('closing rejects what it waits for and computes, and leaves it alone', async () => {
  const pool = await open({ threads: 2 });
  const guest = new Guest();
  await pool.attach(guest.worker);
  const [joined, own, blocked] = [fresh('joined'), fresh('own'), fresh('blocked')];
  void gated(joined).catch(() => {});
  await reaches(`${joined}:started`, 1);
  void suspended.fork(blocked).catch(() => {});
  await reaches(`${blocked}:suspended`, 1);
  await guest.ask('call', 'increment', 1);
  const calls = [guest.ask('call', 'gated', joined), guest.ask('call', 'gated', own)];
  await reaches(`${own}:started`, 1);
  calls.push(guest.ask('sync', 'suspended', blocked));
  await until(() => suspended.stats().waits === 1);
  const errors = Promise.all(calls.map(rejection));
  await pool.close();
  for (const { name } of await errors) expect(name).toBe('PoolClosedError');
  const later = await Promise.all([
    rejection(guest.ask('call', 'increment', 1)),
    rejection(guest.ask('sync', 'increment', 1)),
    rejection(guest.ask('stats', 'increment')),
  ]);
  for (const { name } of later) expect(name).toBe('PoolClosedError');
  expect(await guest.ask('has', 'increment', 1)).toBe(false);
  await guest.ask('invalidate', 'increment', 1);
  expect((await rejection(guest.ask('set', 'increment', [1], 9))).name).toBe('PoolClosedError');
  expect(await guest.ask('explain', 'increment', 1)).toMatchObject({ state: 'missing' });
  lift(own);
  // It has said goodbye, and lives on.
  await until(() => pool.stats().attached === 0);
  await guest.ask('letGo');
  expect(await guest.exited).toBe(0);
});

test('a call that is on its way when the pool closes is rejected', async () => {
  const pool = await open({ threads: 1 });
  const guest = new Guest();
  await pool.attach(guest.worker);
  // It is there, and has not joined yet.
  await guest.ask('nothing');
  const gate = fresh('way');
  const call = rejection(guest.ask('sayThenAwait', gate));
  // Nothing that it says is read meanwhile.
  while (counted(`${gate}:said`) === 0);
  void pool.close();
  expect((await call).name).toBe('PoolClosedError');
  await until(() => pool.stats().attached === 0);
});

test('a value that is on its way when the pool closes is refused, and not lost in silence', async () => {
  const pool = await open({ threads: 1 });
  const guest = new Guest();
  await pool.attach(guest.worker);
  await guest.ask('call', 'increment', 1);
  const gate = fresh('way');
  const set = rejection(guest.ask('sayThenSet', gate));
  // Nothing that it says is read meanwhile.
  while (counted(`${gate}:said`) === 0);
  void pool.close();
  expect((await set).name).toBe('PoolClosedError');
  await until(() => pool.stats().attached === 0);
});

test('nothing is served after a close that it could not hear of', async () => {
  const pool = await open({ threads: 1 });
  const guest = new Guest();
  await pool.attach(guest.worker);
  await guest.ask('call', 'increment', 1);
  await until(() => pool.stats().entries === 1);
  const gate = fresh('deaf');
  const spins = guest.ask('spin', gate);
  const found = guest.ask('has', 'increment', 1);
  await reaches(`${gate}:spins`, 1);
  await pool.close();
  count(gate);
  await spins;
  expect(await found).toBe(false);
});

test.runIf(inFull)(
  'after a close it can be attached to the next pool, or open its own',
  async () => {
    const first = await open({ threads: 1 });
    const guest = new Guest();
    await first.attach(guest.worker);
    const cell = fresh('computed');
    expect(await guest.ask('call', 'increment', 1, cell)).toBe(2);
    await first.close();
    const second = await open({ threads: 1 });
    await second.attach(guest.worker);
    expect(await guest.ask('call', 'increment', 1, cell)).toBe(2);
    expect(counted(cell)).toBe(2);
    await until(() => increment.has(1, cell));
    await second.close();
    await guest.ask('openPool');
    expect(await guest.ask('call', 'increment', 1, cell)).toBe(2);
    expect(counted(cell)).toBe(3);
  },
);

test.runIf(inFull)(
  'a pool that closes before it was used there is none that it belongs to',
  async () => {
    const pool = await open({ threads: 1 });
    const guest = new Guest();
    await pool.attach(guest.worker);
    await pool.close();
    await guest.ask('openPool');
    expect(await guest.ask('call', 'whereAmI', fresh('caller'))).not.toBe(guest.threadId);
  },
);

test.runIf(inFull)('to attach it twice, or one of the pool’s own, does nothing', async () => {
  const own: Worker[] = [];
  const watch = (worker: Worker) => own.push(worker);
  process.on('worker', watch);
  onTestFinished(() => void process.off('worker', watch));
  const pool = await open({ threads: 1 });
  await increment(1);
  const guest = new Guest();
  await Promise.all([pool.attach(guest.worker), pool.attach(guest.worker)]);
  expect(await guest.ask('call', 'increment', 1)).toBe(2);
  await Promise.all([guest.worker, ...own].map((worker) => pool.attach(worker)));
  expect(own.length).toBe(2);
  expect(await guest.ask('call', 'increment', 2)).toBe(3);
  expect(await increment(3)).toBe(4);
  expect(pool.stats()).toMatchObject({ attached: 1, threads: 1, threadsLost: 0 });
});

test.runIf(inFull)('one that uses another cache is refused, until that is closed', async () => {
  const pool = await open({ threads: 1 });
  const [called, closed] = [new Guest(), new Guest()];
  await Promise.all([called.ask('call', 'increment', 1), closed.ask('closePool')]);
  const error = await rejection(pool.attach(called.worker));
  expect(error).toBeInstanceOf(ThreadError);
  expect(error.message).toContain('right after it was started');
  const cell = fresh('computed');
  await increment(1, cell);
  await pool.attach(closed.worker);
  expect(await closed.ask('call', 'increment', 1, cell)).toBe(2);
  expect(counted(cell)).toBe(1);
});

test.runIf(inFull)('it opens no pool, before and after it has joined', async () => {
  const pool = await open({ threads: 1 });
  const guest = new Guest();
  await pool.attach(guest.worker);
  const before = await rejection(guest.ask('openPool'));
  await guest.ask('call', 'increment', 1);
  const after = await rejection(guest.ask('openPool'));
  for (const error of [before, after]) {
    expect(error).toMatchObject({ name: 'ThreadError', code: 'ERR_THREADMEMO_THREAD' });
    expect(error.message).toContain('was attached');
  }
});

test('what cannot be attached is refused', async () => {
  const pool = await open({ threads: 1 });
  for (const wrong of [undefined, {}, { threadId: 7 }, 7]) {
    expect(await rejection(pool.attach(wrong as Worker))).toBeInstanceOf(OptionError);
  }
  const ended = new Worker('', { eval: true });
  await once(ended, 'exit');
  const error = await rejection(pool.attach(ended));
  expect(error).toBeInstanceOf(ThreadError);
  expect(error.message).toContain('has exited');
  const guest = new Guest();
  await pool.close();
  expect(await rejection(pool.attach(guest.worker))).toBeInstanceOf(PoolClosedError);
});

test.runIf(inFull)(
  'one that was started before the pool, and before a function was memoized, is refused',
  async () => {
    const script = fileURLToPath(new URL('./app/too-old.mjs', import.meta.url));
    const { stdout } = await promisify(execFile)(process.execPath, [script]);
    expect(stdout).toBe('ERR_THREADMEMO_THREAD ERR_THREADMEMO_THREAD fulfilled\n');
  },
);

test('one that has nothing to do with threadmemo goes its way', async () => {
  const pool = await open({ threads: 1 });
  const worker = new Worker('require("node:worker_threads").parentPort.postMessage(1)', {
    eval: true,
  });
  const said = once(worker, 'message');
  const exited = once(worker, 'exit');
  await pool.attach(worker);
  expect(await said).toEqual([1]);
  expect(await exited).toEqual([0]);
});
