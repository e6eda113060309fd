/** A process that was stopped while it wrote keeps lmdb's lock: the others have limits, and go on. */

import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { DiskAccessError, type DiskTier, diskTier } from '../../build/src/disk.js';
import { createPool } from '../../build/src/index.js';
import { openDatabase } from '../../build/src/tiers/disk/database.js';
import { openDiskTier } from '../../build/src/tiers/disk/disk-tier.js';
import { leaseTimes } from '../../build/src/tiers/disk/holders.js';
import { Transactions } from '../../build/src/tiers/disk/transactions.js';
import { inFull, variants } from '../effort.ts';
import { FakeClock } from '../fake-clock.ts';
import { removeFolder } from '../remove-folder.ts';
import { record } from '../suites/tier.ts';
import { describe as described } from './disk-app/describe.mjs';

const app = (name: string) => fileURLToPath(new URL(`disk-app/${name}`, import.meta.url));

let path: string;
let clock: FakeClock;
const closing: (() => unknown)[] = [];
beforeEach(async () => {
  clock = new FakeClock();
  path = await mkdtemp(join(tmpdir(), 'threadmemo-lock-'));
});
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
  await removeFolder(path);
});

function open(): DiskTier {
  const tier = openDiskTier({ path }, clock, leaseTimes);
  closing.push(() => tier.close());
  return tier;
}

/** Another process that has the lock from now on. @returns what ends it */
async function stall(): Promise<() => Promise<unknown>> {
  const child = spawn(process.execPath, [app('staller.mjs'), path], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(child.stdout, 'data');
  const end = async () => {
    if (child.kill('SIGKILL')) await once(child, 'exit');
  };
  closing.push(end);
  return end;
}

/** Long enough for the writes under way to be given up. */
function passLimit(): void {
  clock.advance(5000);
  while (!clock.idle) clock.turn();
}

/** The same, again and again until this has settled. */
function passing<T>(work: Promise<T>): Promise<T> {
  const timer = setInterval(passLimit, 5);
  return work.finally(() => clearInterval(timer));
}

const stopped = /another process that uses it was stopped while it wrote \(let it go on/;

test('nothing waits for a lease without end, and leases are granted again when the lock is free', async () => {
  const tier = open();
  await tier.set('f', 'f(1)', record([1]));
  const end = await stall();
  await passing(expect(tier.lease('f', 'f(2)')).rejects.toThrow(stopped));
  // Then it is known at once, and reads go on.
  await expect(tier.lease('f', 'f(3)')).rejects.toThrow(DiskAccessError);
  await expect(tier.set('f', 'f(3)', record([3]))).rejects.toThrow(DiskAccessError);
  expect(await tier.get('f', 'f(1)')).toEqual(record([1]));
  await end();
  for (const key of ['f(2)', 'f(3)']) {
    expect((await tier.lease('f', key)).state).toBe('granted');
  }
  expect((await tier.stats()).failures).toBe(0);
});

const writes: [string, (tier: DiskTier) => Promise<unknown>][] = [
  ['delete', (tier) => tier.delete('f', 'f(1)')],
  ['clear', (tier) => tier.clear()],
  ['clear of a function', (tier) => tier.clear('f')],
  ['set', (tier) => tier.set('f', 'f(2)', record([2]))],
  ['prune', (tier) => tier.prune({ maxEntries: 0 })],
];
test.each(variants(writes, 1))(
  '%s is refused after a while, at once from then on, and done when the lock is free',
  async (_, run) => {
    const tier = open();
    await tier.set('f', 'f(1)', record([1]));
    const end = await stall();
    await passing(expect(run(tier)).rejects.toThrow(stopped));
    await expect(run(tier)).rejects.toThrow(stopped);
    await end();
    await run(tier);
  },
);

test('a write that lmdb was given just before is given up, and reported when it is done', async () => {
  open();
  const db = openDatabase(path);
  // Where the holder of the lock is not known, lmdb waits for it in any case.
  const transactions = new Transactions(db, clock, {
    holder: () => undefined,
    isMoving: () => false,
  });
  const end = await stall();
  let isDone = (_: boolean) => {};
  const done = new Promise<boolean>((resolve) => {
    isDone = resolve;
  });
  const name = Buffer.from('a name');
  const put = () => void db.leases.put(name, name, 1);
  await passing(
    expect(transactions.writeIf(db.leases, name, null, put, isDone)).rejects.toThrow(stopped),
  );
  expect(transactions.isStuck).toBe(true);
  await expect(transactions.write(put)).rejects.toThrow(stopped);
  await end();
  expect(await done).toBe(true);
  expect(transactions.isStuck).toBe(false);
  await transactions.write(() => void db.leases.remove(name));
  await db.close();
});

test('calls of invalidated keys, misses after clear() and close() of a pool go on', async () => {
  const tier = open();
  const pool = await createPool({ threads: 1, tiers: [tier] });
  closing.push(() => pool.close());
  await described('a', 1);
  await expect.poll(async () => (await tier.stats()).entries).toBe(1);
  await stall();
  await passing(described.invalidate('a', 1));
  expect(await passing(described('a', 1))).toMatchObject({ name: 'a' });
  await passing(pool.clear());
  expect(await passing(described('b', 1))).toMatchObject({ name: 'b' });
  await passing(pool.close());
});

test.runIf(inFull)(
  'a process that has met the lock closes, and ends by itself',
  async () => {
    await diskTier({ path }).close();
    const child = spawn(process.execPath, [app('latecomer.mjs'), path], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    closing.push(() => child.kill('SIGKILL'));
    await once(child.stdout, 'data');
    await stall();
    child.stdin.end('go');
    const [[said], [code]] = await Promise.all([once(child.stdout, 'data'), once(child, 'exit')]);
    expect(String(said)).toMatch(stopped);
    expect(code).toBe(0);
  },
  300_000,
);

describe('opening', () => {
  test.runIf(inFull)(
    'fails while another process holds the lock, and works when that has ended',
    async () => {
      await diskTier({ path }).close();
      const end = await stall();
      const program = `
      import { diskTier } from ${JSON.stringify(new URL('../../dist/src/disk.js', import.meta.url).href)};
      try { diskTier({ path: process.argv[1] }); } catch (error) { console.log(error.name, error.message); }`;
      const args = ['--input-type=module', '--eval', program, path];
      const { stdout } = await promisify(execFile)(process.execPath, args);
      expect(stdout).toMatch(/^DiskAccessError /);
      expect(stdout).toMatch(stopped);
      await end();
      await diskTier({ path }).close();
    },
    300_000,
  );

  test('is not kept by the lock of a machine that lost its power', async () => {
    await diskTier({ path }).close();
    const file = join(path, 'lock.mdb');
    const lock = readFileSync(file);
    // The thread that held it, as glibc notes it on x64 and on arm64.
    for (const at of [64, 128]) lock.writeUInt32LE(12_345, at);
    writeFileSync(file, lock);
    const tier = diskTier({ path });
    await tier.set('f', 'f(1)', record([1]));
    await tier.close();
  }, 300_000);
});
