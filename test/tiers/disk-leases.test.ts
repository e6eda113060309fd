/** Leases of the tier on the disk, between several that have one directory open. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { systemClock } from '../../build/src/clock.js';
import type { DiskTier } from '../../build/src/disk.js';
import { openDatabase } from '../../build/src/tiers/disk/database.js';
import { openDiskTier } from '../../build/src/tiers/disk/disk-tier.js';
import { leaseTimes } from '../../build/src/tiers/disk/holders.js';
import { DiskLeases } from '../../build/src/tiers/disk/leases.js';
import {
  hasEnded,
  ownIdentity,
  type ProcessIdentity,
} from '../../build/src/tiers/disk/process-identity.js';
import { Transactions } from '../../build/src/tiers/disk/transactions.js';
import { diskWaits } from '../../build/src/tiers/disk/waits.js';
import { newWait } from '../../build/src/tiers/waits.js';
import type { LeaseAnswer } from '../../src/tiers/tier.ts';
import { inFull } from '../effort.ts';
import { FakeClock } from '../fake-clock.ts';
import { removeFolder } from '../remove-folder.ts';
import { record } from '../suites/tier.ts';

const beatEvery = 5000;
const deadAfter = 30_000;

let path: string;
/** Of the machine: all processes see it. */
let clock: FakeClock;
const opened: DiskTier[] = [];
beforeEach(async () => {
  clock = new FakeClock();
  path = await mkdtemp(join(tmpdir(), 'threadmemo-leases-'));
});
afterEach(async () => {
  await Promise.all(opened.splice(0).map((tier) => tier.close()));
  await removeFolder(path);
});

/** @param timers another clock's for a process whose timers do not run. */
function open(timers = clock): DiskTier {
  const times = { beatEvery, deadAfter, now: () => 1_000_000 + clock.now() };
  const tier = openDiskTier({ path }, timers, times);
  opened.push(tier);
  return tier;
}

function as<S extends LeaseAnswer['state']>(state: S, answer: LeaseAnswer) {
  expect(answer.state).toBe(state);
  return answer as Extract<LeaseAnswer, { state: S }>;
}

const granted = async (tier: DiskTier, key = 'f(1)') =>
  as('granted', await tier.lease('f', key)).lease;
const held = async (tier: DiskTier, key = 'f(1)') => as('held', await tier.lease('f', key));

/** Lets time pass until this has settled, but no more than a second. */
async function passing(settling: Promise<unknown>): Promise<void> {
  const end = clock.now() + 1000;
  let settled = false;
  void settling.finally(() => {
    settled = true;
  });
  await expect
    .poll(
      () => {
        if (clock.now() < end) clock.advance(10);
        return settled;
      },
      { interval: 1 },
    )
    .toBe(true);
}

test('a lease of one is known to the other, and so is its end', async () => {
  const [one, other] = [open(), open()];
  const lease = await granted(one);
  const { over } = await held(other);
  expect(await lease.store(record([1]))).toBe(true);
  await passing(over);
  const found = as('found', await other.lease('f', 'f(1)'));
  expect(found.record).toEqual(record([1]));
});

test('close ends the leases of the one that closes, and no others', async () => {
  const [one, other] = [open(), open()];
  const [lease, kept] = [await granted(one, 'f(1)'), await granted(other, 'f(2)')];
  const closed = one.close();
  expect(await lease.store(record([1]))).toBe(false);
  await closed;
  await granted(other, 'f(1)');
  expect(await kept.store(record([2]))).toBe(true);
});

test('what another has stored just before the lease is granted is found, and not leased', async () => {
  const db = openDatabase(path);
  const transactions = new Transactions(db, systemClock);
  const leases = new DiskLeases(db, transactions, systemClock, leaseTimes, () => {});
  const looks = [undefined, record([1])];
  const wanted = { name: Buffer.from('f(1)'), look: () => looks.shift(), put: async () => true };
  expect(await leases.ask(wanted)).toEqual({ state: 'found', record: record([1]) });
  expect(db.leases.getCount()).toBe(0);
  await leases.close();
  await db.close();
});

test('what was asked for when the tier closes is refused, and blocks no process', async () => {
  const [one, other] = [open(), open()];
  await granted(one, 'f(0)');
  const asked = one.lease('f', 'f(1)');
  const closed = one.close();
  await expect(asked).rejects.toThrow(/was closed/);
  await closed;
  await granted(other, 'f(1)');
});

test('a delete or clear by another ends the leases of many keys', async () => {
  const [one, other] = [open(), open()];
  const keys = Array.from({ length: 300 }, (_, n) => `f(${n})`);
  const leases = await Promise.all(keys.map((key) => granted(one, key)));
  const g = as('granted', await one.lease('g', 'g(1)')).lease;
  await other.delete('f', 'f(0)');
  expect(await leases[0]?.store(record([1]))).toBe(false);
  await other.clear('f');
  const stored = await Promise.all(leases.map((lease) => lease.store(record([1]))));
  expect(stored.filter(Boolean)).toEqual([]);
  expect((await other.stats()).entries).toBe(0);
  expect(await g.store(record([1]))).toBe(true);
});

test('what is only leased is no entry, and is not evicted', async () => {
  const tier = open();
  const lease = await granted(tier);
  await tier.prune({ maxEntries: 0 });
  expect(await tier.verify()).toEqual({ sound: 0, damaged: 0, mended: 0 });
  expect((await tier.stats()).entries).toBe(0);
  expect(await lease.store(record([1]))).toBe(true);
  expect((await tier.stats()).functions).toMatchObject({ f: { entries: 1 } });
});

test('a record that cannot be stored ends its lease', async () => {
  const [one, other] = [open(), open()];
  const lease = await granted(one);
  const { over } = await held(other);
  await expect(lease.store({} as never)).rejects.toThrow(TypeError);
  await passing(over);
  await granted(other);
});

test.runIf(inFull)('thousands of keys are waited for at once', async () => {
  const [one, other] = [open(), open()];
  const keys = Array.from({ length: 3000 }, (_, n) => `f(${n})`);
  const leases = await Promise.all(keys.map((key) => granted(one, key)));
  const waits = await Promise.all(keys.map((key) => held(other, key)));
  await Promise.all(leases.map((lease) => lease.store(record([1]))));
  await passing(Promise.all(waits.map(({ over }) => over)));
});

describe('a holder', () => {
  test('keeps its lease as long as its heart beats', async () => {
    const [one, other] = [open(), open()];
    const lease = await granted(one);
    const wait = await held(other);
    let over = false;
    void wait.over.then(() => {
      over = true;
    });
    for (let beats = 0; beats < 10; beats++) {
      clock.advance(beatEvery);
      // Behind the heartbeat: writes of one process keep their order.
      await one.set('g', 'g(1)', record([1]));
      clock.advance(51);
      await Promise.resolve();
    }
    expect(over).toBe(false);
    expect(await lease.store(record([1]))).toBe(true);
    await passing(wait.over);
  });

  test('whose heart has stopped loses it to exactly one, and stores no more', async () => {
    const stopped = new FakeClock();
    const [one, ...others] = [open(stopped), open(), open(), open()] as const;
    // So that they have searched for what the dead have left, which would hide that they take over.
    for (const [n, other] of others.entries()) await granted(other, `f(${n + 2})`);
    const lease = await granted(one);
    const waits = await Promise.all(others.map((other) => held(other)));
    clock.advance(deadAfter - 1000);
    await held(others[0]);
    clock.advance(1001);
    await passing(Promise.all(waits.map(({ over }) => over)));
    const answers = await Promise.all(others.map((other) => other.lease('f', 'f(1)')));
    expect(answers.map(({ state }) => state).sort()).toEqual(['granted', 'held', 'held']);
    expect(await lease.store(record([1]))).toBe(false);
    expect(await one.get('f', 'f(1)')).toBeUndefined();
    for (const answer of answers) {
      if (answer.state === 'granted') expect(await answer.lease.store(record([2]))).toBe(true);
    }
    // Another's write is seen from the next turn on.
    await expect.poll(() => one.get('f', 'f(1)')).toEqual(record([2]));
  });

  test('that was found dead while it had no lease has its next one like any other', async () => {
    const [one, other] = [open(), open()];
    await (await granted(one)).release();
    clock.advance(deadAfter * 100);
    await granted(other, 'f(2)');
    const lease = await granted(one);
    const { over } = await held(other);
    expect(await lease.store(record([1]))).toBe(true);
    await passing(over);
  });
});

describe('a process', () => {
  const own = ownIdentity();
  const onLinux = process.platform === 'linux';

  test.each<[string, Partial<ProcessIdentity>, boolean]>([
    ['this one', {}, false],
    ['of another start of the machine', { boot: 'another' }, true],
    ['of another container, which has no such id here', { namespace: 'a', pid: 2 ** 22 }, false],
    ['with an id that there is not', { pid: 2 ** 22 + 1 }, true],
    ['whose start is not known', { started: '' }, false],
  ])('%s', (_, other, ended) => {
    expect(hasEnded({ ...own, ...other }, own)).toBe(ended);
  });

  test.runIf(onLinux)('whose id was given to another has ended', () => {
    expect(hasEnded({ ...own, started: '1' }, own)).toBe(true);
  });

  test.runIf(onLinux)(
    'that was killed has ended, though its parent has not asked for it',
    async () => {
      // The shell becomes a program that never waits for the child that the shell has started.
      const parent = spawn('sh', ['-c', 'sleep 1000 & echo $!; exec sleep 1000']);
      const pid = Number(String((await once(parent.stdout, 'data'))[0]));
      const stat = await readFile(`/proc/${pid}/stat`, 'latin1');
      const child = { ...own, pid, started: stat.split(' ')[21] as string };
      expect(hasEnded(child, own)).toBe(false);
      process.kill(pid, 'SIGKILL');
      await expect.poll(() => hasEnded(child, own)).toBe(true);
      expect(process.kill(pid, 0)).toBe(true);
      parent.kill('SIGKILL');
      await once(parent, 'close');
    },
  );
});

describe('what is waited for', () => {
  test('is looked at often at first, and rarely after a while', () => {
    const waits = diskWaits(clock);
    let looks = 0;
    const { leave } = waits.add(newWait(() => ++looks < 0));
    for (let ms = 0; ms < 10; ms++) clock.advance(1);
    expect(looks).toBeGreaterThanOrEqual(4);
    for (let ms = 0; ms < 1000; ms++) clock.advance(1);
    looks = 0;
    for (let ms = 0; ms < 1000; ms++) clock.advance(1);
    expect(looks).toBe(20);
    leave();
    clock.advance(1000);
    expect(looks).toBe(20);
  });

  test('takes a bounded part of a turn, and each of many has its turn', () => {
    const waits = diskWaits(clock);
    const looks = new Map<number, number>();
    let inTurn = 0;
    const look = (n: number) => {
      looks.set(n, (looks.get(n) ?? 0) + 1);
      return ++inTurn < 0;
    };
    for (let n = 0; n < 5000; n++) waits.add(newWait(() => look(n)));
    let most = 0;
    for (let ms = 0; ms < 250; ms++) {
      inTurn = 0;
      clock.advance(1);
      most = Math.max(most, inTurn);
    }
    expect(most).toBeLessThanOrEqual(250);
    expect(looks.size).toBe(5000);
    waits.endAll();
  });

  test('is looked at though others are added all the time', () => {
    const waits = diskWaits(clock);
    let looks = 0;
    waits.add(newWait(() => ++looks < 0));
    for (let ms = 0; ms < 500; ms++) {
      waits.add(newWait(() => false));
      clock.advance(1);
    }
    expect(looks).toBeGreaterThan(50);
    waits.endAll();
  });
});

test('a heartbeat while a record is being stored leaves the lease that it is stored under', async () => {
  const db = openDatabase(path);
  const transactions = new Transactions(db, clock);
  const behind: Promise<unknown>[] = [];
  const leases = new DiskLeases(
    db,
    transactions,
    clock,
    { beatEvery, deadAfter, now: () => 1 },
    (work) => behind.push(work),
  );
  const name = Buffer.from('name');
  let stored = (_: boolean) => {};
  const storing = new Promise<boolean>((resolve) => {
    stored = resolve;
  });
  const { lease } = as(
    'granted',
    await leases.ask({ name, look: () => undefined, put: () => storing }),
  );
  // Its write waits for the lock that all processes share, and others of this one overtake it.
  const outcome = lease.store(record([1]));
  clock.advance(beatEvery);
  await Promise.all(behind);
  expect(db.leases.doesExist(name)).toBe(true);
  stored(true);
  expect(await outcome).toBe(true);
  await leases.close();
  await db.close();
});
