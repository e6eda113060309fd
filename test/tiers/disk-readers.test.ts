/** More processes than lmdb has room for readers by itself, and more than there is room for at all. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DiskAccessError, diskTier } from 'threadmemo/disk';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { inFull } from '../effort.ts';
import { removeFolder } from '../remove-folder.ts';
import { record } from '../suites/tier.ts';

const program = fileURLToPath(new URL('disk-app/readers.mjs', import.meta.url));

let path: string;
let end: () => Promise<unknown> = async () => {};
beforeEach(async () => {
  path = await mkdtemp(join(tmpdir(), 'threadmemo-readers-'));
});
afterEach(async () => {
  await end();
  await removeFolder(path);
});

/** What a crowd of processes does, done by one. */
async function read(...args: string[]): Promise<void> {
  const child = spawn(process.execPath, [program, path, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  end = async () => {
    if (child.kill('SIGKILL')) await once(child, 'exit');
  };
  await once(child.stdout, 'data');
}

test.runIf(inFull)('more processes find room than lmdb has by itself', async () => {
  const first = diskTier({ path });
  await first.set('f', 'f(1)', record([1]));
  await read('200');
  const other = diskTier({ path });
  expect(await other.get('f', 'f(1)')).toEqual(record([1]));
  await Promise.all([first.close(), other.close()]);
});

test('one for which there is no room gets an error, and finds it when there is', async () => {
  await diskTier({ path }).close();
  // It has the size that the first process gives it.
  await rm(join(path, 'lock.mdb'));
  await read('5', '5');
  expect(() => diskTier({ path })).toThrow(DiskAccessError);
  expect(() => diskTier({ path })).toThrow(
    /as many processes have it open as its lock file has room/,
  );
  await end();
  const tier = diskTier({ path });
  await tier.set('f', 'f(1)', record([1]));
  await tier.close();
});
