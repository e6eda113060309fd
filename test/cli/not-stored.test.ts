/** A cache that does not take everything: a message says so, and promises nothing that is not there. */

import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { failing, howToResume, type Kept, notStored } from '../../src/cli/report.ts';
import { WatchedTier } from '../../src/cli/watched-tier.ts';
import { Codec } from '../../src/protocol.ts';
import type { Tier, TierLease, TierRecord } from '../../src/tiers/tier.ts';
import { inFull } from '../effort.ts';
import { Folder, ndjson, numbers } from './command.ts';

const value = { codec: Codec.true, bytes: new Uint8Array() };
const record: TierRecord = { value, expiresAt: Number.POSITIVE_INFINITY, ms: 1 };

function full(): Promise<never> {
  return Promise.reject(new Error('the disk is full'));
}

const lease: TierLease = { store: full, release: async () => {} };
const tier: Tier = {
  name: 'disk',
  get: async () => undefined,
  set: full,
  delete: async () => {},
  clear: async () => {},
  lease: async () => ({ state: 'granted', lease }),
  close: async () => {},
};

describe('a watched tier', () => {
  test('counts what was not stored, under a lease and without, and knows why', async () => {
    const watched = new WatchedTier(tier);
    expect(watched.counts(0)).toEqual({ notStored: 0, reason: undefined });
    await expect(watched.tier.set('f', 'k', record)).rejects.toThrow('full');
    const answer = await watched.tier.lease?.('f', 'k');
    if (answer?.state !== 'granted') throw new Error(`it is ${answer?.state}`);
    await expect(answer.lease.store(record)).rejects.toThrow('full');
    expect(watched.counts(3)).toEqual({ notStored: 5, reason: 'the disk is full' });
  });

  test('can what the tier can, and no more', () => {
    const { lease: _, ...plain } = tier;
    const can = (able: Tier) => {
      const { askedEvenIfSlow, ...watched } = new WatchedTier(able).tier;
      expect(askedEvenIfSlow).toBe(true);
      return Object.keys(watched).sort();
    };
    expect(can(plain)).toEqual(Object.keys(plain).sort());
    const able = {
      ...tier,
      persistent: true,
      directory: 'd',
      makesUp: true,
      getNow: () => undefined,
    };
    expect(can(able)).toEqual(Object.keys(able).sort());
  });
});

describe('the report', () => {
  const disk: Kept = { tier: 'disk', place: '.cache', notStored: 0, reason: undefined };
  const redis: Kept = { ...disk, tier: 'redis', place: 'Redis' };
  const fullDisk = { ...disk, notStored: 1200, reason: 'the disk is full' };

  test('says what was not stored', () => {
    expect(notStored([disk, redis])).toEqual([]);
    expect(failing([fullDisk, redis])).toEqual([fullDisk]);
    expect(notStored([fullDisk, { ...redis, notStored: 1 }])).toEqual([
      '1,200 results were not stored in .cache: the disk is full',
      '1 result was not stored in Redis: too many writes were under way',
    ]);
  });

  test('promises what is there', () => {
    expect(howToResume([], 'out.partial')).toMatch(/so far are in out\.partial\. With --cache/);
    expect(howToResume([disk], undefined)).toMatch(
      /^interrupted\. What .* is in \.cache: the same/,
    );
    expect(howToResume([fullDisk], undefined)).toMatch(
      /is in \.cache, but 1,200 results were not \(the disk is full\): .* computes these again/,
    );
    // The other place has them.
    expect(howToResume([fullDisk, redis], undefined)).toMatch(/is in Redis: the same/);
  });
});

describe('with a full disk', () => {
  let folder: Folder;
  let disk: string | undefined;
  beforeEach(async () => {
    folder = await Folder.create();
    disk = smallDisk(join(folder.path, 'kept'));
  });
  afterEach(() => {
    if (disk) execFileSync('umount', [disk]);
    return folder.remove();
  });

  /** 16 MiB of a disk stay free, so nothing at all is stored in one that is as small as that. */
  function smallDisk(path: string): string | undefined {
    mkdirSync(path);
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=16m,mode=700', 'tmpfs', path], {
        stdio: 'ignore',
      });
      return path;
    } catch {
      console.warn('SKIPPED: a full disk, because this user cannot mount one');
      return undefined;
    }
  }

  const map = ['map', './functions.js#gated', 'in', '--cache', 'kept', '--out', 'out'];

  test.runIf(inFull)(
    'the results are there, and the report counts what is not in the cache',
    async ({ skip }) => {
      if (!disk) return skip();
      await folder.write('in', ndjson(numbers(20).map((id) => ({ id }))));
      const { code, stdout } = await folder.run([...map, '--json']);
      const reason = expect.stringContaining('the disk is full');
      const lost = { tier: 'disk', place: 'kept', notStored: 20, reason };
      expect(JSON.parse(stdout)).toMatchObject({ code, written: 20, notStored: [lost] });
      expect(code).toBe(0);
      expect(await folder.read('out')).toBe(ndjson(numbers(20)));
    },
  );

  test.runIf(inFull)(
    'after Ctrl-C no message says that everything is in the cache',
    async ({ skip }) => {
      if (!disk) return skip();
      await folder.write('in', ndjson(numbers(20).map((id) => ({ id, wait: id === 5 }))));
      const { child, says, ended } = folder.start([...map, '--threads', '1']);
      await folder.appears('started');
      child.kill('SIGINT');
      await says('finishing what runs');
      await folder.write('gate', '');
      const { code, stderr } = await ended;
      expect(code).toBe(130);
      expect(stderr).toMatch(/\d+ results were not stored in kept: .*the disk is full/);
      expect(stderr).toMatch(/but \d+ results were not \(.*full.*\): .* computes these again/);
    },
  );
});
