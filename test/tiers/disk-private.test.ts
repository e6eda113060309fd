/** What is cached is its user's: no other user reads it, and nothing that others prepared is used. */

import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  lchownSync,
  linkSync,
  mkdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createPool } from 'threadmemo';
import { DiskAccessError, diskTier } from 'threadmemo/disk';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { removeFolder } from '../remove-folder.ts';
import { record } from '../suites/tier.ts';
import { describe as described } from './disk-app/describe.mjs';

const isRoot = process.getuid?.() === 0;
if (!isRoot) console.warn('SKIPPED: files of other users, because this one cannot make any');

let home: string;
let path: string;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'threadmemo-private-'));
  path = join(home, 'cache');
});
afterEach(() => removeFolder(home));

const modeOf = (file: string) => (statSync(file).mode & 0o777).toString(8);

async function use(): Promise<void> {
  const tier = diskTier({ path });
  await tier.set('f', 'f(1)', record([1]));
  await tier.close();
}

/** The message with which it is refused. */
function refusal(): string {
  try {
    void diskTier({ path }).close();
  } catch (error) {
    expect(error).toBeInstanceOf(DiskAccessError);
    return (error as Error).message;
  }
  throw new Error('it was accepted');
}

describe.skipIf(process.platform === 'win32')('a cache directory', () => {
  test('is made for its user alone, with all that comes into it', async () => {
    const umask = process.umask(0);
    try {
      path = join(home, 'not', 'there', 'yet');
      const pool = await createPool({ threads: 1, tiers: [diskTier({ path })] });
      await described('a', 1);
      await pool.close();
    } finally {
      process.umask(umask);
    }
    const found = spawnSync('find', [path, '-printf', '%y %m\n'], { encoding: 'utf8' });
    expect([...new Set(found.stdout.trim().split('\n'))].sort()).toEqual(['d 700', 'f 600']);
    expect(existsSync(join(path, 'data.mdb'))).toBe(true);
    expect(existsSync(join(path, 'reserve'))).toBe(true);
  });

  test('of a version that let others read is closed to them', async () => {
    await use();
    chmodSync(path, 0o755);
    for (const file of ['data.mdb', 'lock.mdb']) chmodSync(join(path, file), 0o664);
    await use();
    expect(modeOf(path)).toBe('700');
    for (const file of ['data.mdb', 'lock.mdb', 'reserve']) {
      expect(modeOf(join(path, file))).toBe('600');
    }
  });

  test('that has something else in it keeps its own mode', async () => {
    mkdirSync(path, { mode: 0o755 });
    writeFileSync(join(path, 'page.html'), 'for all');
    await use();
    expect(modeOf(path)).toBe('755');
    expect(modeOf(join(path, 'page.html'))).toBe('644');
    expect(modeOf(join(path, 'data.mdb'))).toBe('600');
  });

  test('may be a link of its own user', async () => {
    mkdirSync(join(home, 'elsewhere'));
    symlinkSync(join(home, 'elsewhere'), path);
    await use();
    expect(existsSync(join(home, 'elsewhere', 'data.mdb'))).toBe(true);
  });

  describe('is refused, and nothing is written,', () => {
    const precious = () => join(home, 'precious');
    beforeEach(() => writeFileSync(precious(), 'precious'));
    afterEach(() => expect(readFileSync(precious(), 'utf8')).toBe('precious'));

    test.each(['data.mdb', 'lock.mdb', 'reserve'])('when its %s is a link', async (name) => {
      await use();
      await rm(join(path, name));
      symlinkSync(precious(), join(path, name));
      expect(refusal()).toMatch(new RegExp(`${name} is a link, or no file`));
    });

    test('when its lock.mdb is a link to what does not exist', async () => {
      await use();
      await rm(join(path, 'lock.mdb'));
      symlinkSync(join(home, 'made'), join(path, 'lock.mdb'));
      expect(refusal()).toMatch(/lock\.mdb is a link, or no file/);
      expect(existsSync(join(home, 'made'))).toBe(false);
    });

    test.each(['lock.mdb', 'reserve'])(
      'when its %s is a file that has another name',
      async (name) => {
        await use();
        await rm(join(path, name));
        linkSync(precious(), join(path, name));
        expect(refusal()).toMatch(new RegExp(`${name} has another name elsewhere`));
      },
    );

    test('when all may write to it', async () => {
      mkdirSync(path);
      chmodSync(path, 0o1777);
      expect(refusal()).toMatch(/other users may write to the directory \(mode 777\).*chmod 700/);
    });

    test.runIf(isRoot)('when a group may write to it that is not the user alone', () => {
      mkdirSync(path);
      chownSync(path, 0, 12_345);
      chmodSync(path, 0o775);
      expect(refusal()).toMatch(/other users may write to the directory \(mode 775\)/);
    });

    test.runIf(isRoot)('when it is of another user', () => {
      mkdirSync(path);
      chownSync(path, 12_345, 12_345);
      expect(refusal()).toMatch(/the directory belongs to user 12345, and this process runs as 0/);
    });

    test.runIf(isRoot)('when it is a link of another user', () => {
      mkdirSync(join(home, 'elsewhere'));
      symlinkSync(join(home, 'elsewhere'), path);
      lchownSync(path, 12_345, 12_345);
      expect(refusal()).toMatch(/the link belongs to user 12345/);
    });

    test.runIf(isRoot).each(['data.mdb', 'lock.mdb'])(
      'when its %s is of another user',
      async (name) => {
        await use();
        chownSync(join(path, name), 12_345, 12_345);
        expect(refusal()).toMatch(new RegExp(`${name} belongs to user 12345`));
      },
    );
  });
});
