/** A disk without room: what is stored then is refused, and what is deleted goes all the same. */

import { execFile, execFileSync } from 'node:child_process';
import { statSync } from 'node:fs';
import { appendFile, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { DiskAccessError, type DiskTier, diskTier } from '../../build/src/disk.js';
import { openDiskTier } from '../../build/src/tiers/disk/disk-tier.js';
import { DiskRoom } from '../../build/src/tiers/disk/room.js';
import { inFull, variants } from '../effort.ts';
import { FakeClock } from '../fake-clock.ts';
import { removeFolder } from '../remove-folder.ts';
import { record } from '../suites/tier.ts';
import { compare, fn, keyOf, numbered } from './disk-app/numbered.mjs';

const app = fileURLToPath(new URL('disk-app', import.meta.url));

let home: string;
let path: string;
const mounted: string[] = [];
const others: DiskTier[] = [];
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'threadmemo-full-'));
  path = join(home, 'cache');
});
afterEach(async () => {
  for (const tier of others.splice(0)) await tier.close();
  for (const folder of mounted.splice(0)) execFileSync('umount', [folder]);
  await removeFolder(home);
});

async function using<T>(run: (tier: DiskTier) => Promise<T>): Promise<T> {
  const tier = diskTier({ path });
  try {
    return await run(tier);
  } finally {
    await tier.close();
  }
}

const range = (first: number, last: number) =>
  Array.from({ length: last - first + 1 }, (_, at) => first + at);

async function expectSound(numbers: readonly number[]): Promise<void> {
  await using(async (tier) => {
    expect(await compare(tier, numbers)).toEqual({ missing: [], wrong: [] });
    expect(await tier.verify()).toMatchObject({ damaged: 0, mended: 0 });
  });
}

async function smallDisk(size: string): Promise<boolean> {
  await mkdir(path);
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size},mode=700`, 'tmpfs', path], {
      stdio: 'ignore',
    });
    mounted.push(path);
    return true;
  } catch {
    console.warn('SKIPPED: a full disk, because this user cannot mount one');
    return false;
  }
}

test.runIf(inFull)('fails writes and nothing else', async (context) => {
  if (!(await smallDisk('18m'))) return context.skip();
  const kept: number[] = [];
  await using(async (tier) => {
    for (let first = 1; first < 2000; first += 100) {
      const numbers = range(first, first + 99);
      const writes = numbers.map((n) => tier.set(fn, keyOf(n), numbered(n)));
      const results = await Promise.allSettled(writes);
      for (const [at, result] of results.entries()) {
        if (result.status === 'fulfilled') kept.push(numbers[at] as number);
        else expect(result.reason).toBeInstanceOf(DiskAccessError);
      }
    }
    expect(kept.length).toBeGreaterThan(100);
    expect(kept.length).toBeLessThan(1900);
    await tier.delete(fn, keyOf(kept.pop() as number));
  });
  await expectSound(kept);
});

test.runIf(inFull && process.platform === 'linux')(
  'a file that may not grow any more fails writes and nothing else, and says nothing',
  async () => {
    const { stdout, stderr } = await promisify(execFile)('sh', [
      ...['-c', 'ulimit -f 40960 && exec "$0" "$@"', process.execPath],
      ...[join(app, 'filler.mjs'), path, '4000'],
    ]);
    expect(stderr).toBe('');
    const { kept, refused } = JSON.parse(stdout);
    expect(refused).toEqual(['DiskAccessError']);
    expect(kept.length).toBeGreaterThan(100);
    expect(kept.length).toBeLessThan(3900);
    await expectSound(kept);
  },
);

test('is an error when the directory is opened', async (context) => {
  if (!(await smallDisk('512k'))) return context.skip();
  expect(() => diskTier({ path })).toThrow(DiskAccessError);
  expect(() => diskTier({ path })).toThrow(/the disk is full/);
});

const MIB = 1024 * 1024;
const reserved = () => statSync(join(path, 'reserve'), { throwIfNoEntry: false })?.size ?? 0;

/** Leaves no byte of it. */
async function fillDisk(): Promise<void> {
  const block = Buffer.alloc(64 * 1024, 1);
  for (const size of [block.length, 4096]) {
    for (;;) {
      try {
        await appendFile(join(path, 'of another program'), block.subarray(0, size));
      } catch (error) {
        expect(error).toMatchObject({ code: 'ENOSPC' });
        break;
      }
    }
  }
}

describe.each(variants([50, 2000], 1))(
  'what is invalidated on a full disk is not found again, of %i',
  (last) => {
    const invalidations: [string, (tier: DiskTier) => Promise<unknown>][] = [
      [
        'all deleted at once',
        (tier) => Promise.all(range(1, last).map((n) => tier.delete(fn, keyOf(n)))),
      ],
      ['their function cleared', (tier) => tier.clear(fn)],
      ['everything cleared', (tier) => tier.clear()],
    ];
    test.each(variants(invalidations, 1))('%s', async (_, invalidate) => {
      if (!(await smallDisk('48m'))) return;
      await using(async (tier) => {
        for (const n of range(1, last)) await tier.set(fn, keyOf(n), numbered(n));
        await expect.poll(reserved).toBe(4 * MIB);
        const other = diskTier({ path });
        others.push(other);
        await fillDisk();
        await invalidate(tier);
        expect((await compare(other, range(1, last))).missing).toHaveLength(last);
      });
    });
  },
);

test.runIf(inFull)('thousands of records at once do not make the disk full', async () => {
  if (!(await smallDisk('32m'))) return;
  await using(async (tier) => {
    const writes = range(1, 4000).map((n) => tier.set(fn, keyOf(n), numbered(n)));
    const reasons = (await Promise.allSettled(writes)).flatMap((result) =>
      result.status === 'rejected' ? [result.reason] : [],
    );
    expect(reasons.filter((reason) => !(reason instanceof DiskAccessError))).toEqual([]);
    expect(reasons.length).toBeLessThan(4000);
  });
});

test('the reserve is made again when there is room again', async () => {
  if (!(await smallDisk('32m'))) return;
  const clock = new FakeClock();
  const tier = openDiskTier({ path }, clock);
  others.push(tier);
  await tier.set('f', 'f(1)', record([1]));
  await expect.poll(reserved).toBe(4 * MIB);
  await fillDisk();
  clock.advance(1000);
  await tier.delete('f', 'f(1)');
  expect(reserved()).toBe(0);
  await rm(join(path, 'of another program'));
  clock.advance(1000);
  await tier.set('f', 'f(2)', record([2]));
  await tier.close();
  expect(reserved()).toBe(4 * MIB);
});

test('room is made for what must go before lmdb is asked, and for nothing else', () => {
  let free = 20 * MIB;
  let reserve = 0;
  const made: string[] = [];
  const clock = new FakeClock();
  const room = new DiskRoom(
    'a file',
    { free: () => free, size: () => MIB, used: () => MIB },
    {
      size: () => reserve,
      make: () => made.push('made'),
      giveBack: () => {
        free += reserve;
        reserve = 0;
        return true;
      },
    },
    clock,
  );
  room.takeForRecord(1000);
  expect(made).toEqual(['made']);
  [free, reserve] = [13 * MIB, 4 * MIB];
  clock.advance(1000);
  // The reserve is part of what stays free.
  room.takeForRecord(1000);
  [free, reserve] = [0, 4 * MIB];
  clock.advance(1000);
  expect(() => room.takeForRecord(1000)).toThrow(/the disk is full/);
  expect(() => room.take(0)).toThrow(/0 MiB are free/);
  expect([room.isThere(MIB), reserve]).toEqual([false, 4 * MIB]);
  room.makeForDelete();
  room.take(0);
  // Those that are under way take pages, too.
  expect(() => room.take(100)).toThrow(/4 MiB are free, and writes are under way/);
  expect(made).toEqual(['made']);
});
