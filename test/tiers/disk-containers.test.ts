/** Processes in several containers share a directory: each is the first of its own process namespace. */

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface, type Interface } from 'node:readline';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { systemClock } from '../../build/src/clock.js';
import { diskTier } from '../../build/src/disk.js';
import { openDiskTier } from '../../build/src/tiers/disk/disk-tier.js';
import { leaseTimes } from '../../build/src/tiers/disk/holders.js';
import { isOver, LifeSign } from '../../build/src/tiers/disk/life-sign.js';
import { inFull } from '../effort.ts';
import { removeFolder } from '../remove-folder.ts';
import { fn, keyOf } from './disk-app/numbered.mjs';

const program = fileURLToPath(new URL('disk-app/contained.mjs', import.meta.url));
const inNamespace = ['--pid', '--fork', '--kill-child', '--mount-proc'];
const canContain = spawnSync('unshare', [...inNamespace, 'true']).status === 0;
if (!canContain) console.warn('SKIPPED: containers, because this user cannot make namespaces');

let home: string;
const started: ChildProcess[] = [];
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'threadmemo-containers-'));
});
afterEach(async () => {
  for (const child of started.splice(0)) if (child.kill('SIGKILL')) await once(child, 'exit');
  await removeFolder(home);
});

interface Container {
  readonly child: ChildProcess;
  readonly lines: Interface;
}

function start(path: string, stderr: 'inherit' | 'pipe' = 'inherit'): Container {
  const args = [...inNamespace, process.execPath, program, path];
  const child = spawn('unshare', args, { stdio: ['ignore', 'pipe', stderr] });
  started.push(child);
  return { child, lines: createInterface({ input: child.stdout as Readable }) };
}

const said = async ({ lines }: Container): Promise<string> => (await once(lines, 'line'))[0];

describe.runIf(canContain && inFull)('a container that has ended is not waited for', () => {
  test.each([
    ['in a directory', 'cache'],
    ['in one with a path that is long for a socket', `${'long'.repeat(30)}/cache`],
  ])('by itself when it is started again, or by others, %s', async (_, name) => {
    const path = join(home, name);
    const former = start(path);
    expect(await said(former)).toBe('granted 1');
    former.child.kill('SIGKILL');
    const again = start(path);
    expect(await said(again)).toBe('granted 1');

    const times = { ...leaseTimes, deadAfter: Number.POSITIVE_INFINITY };
    const other = openDiskTier({ path }, systemClock, times);
    const answer = await other.lease(fn, keyOf(1));
    if (answer.state !== 'held') throw new Error(answer.state);
    again.child.kill('SIGKILL');
    await answer.over;
    expect((await other.lease(fn, keyOf(1))).state).toBe('granted');
    await other.close();
  });

  test('another one with the same process id gets an error: lmdb cannot distinguish them', async () => {
    const path = join(home, 'cache');
    expect(await said(start(path))).toBe('granted 1');
    const { child } = start(path, 'pipe');
    let error = '';
    child.stderr?.on('data', (text) => {
      error += text;
    });
    await once(child, 'close');
    expect(error).toMatch(/DiskAccessError: .* has the same process id \(1\)/);
  });
});

test('what shows life is gone with its tier', async () => {
  const tier = diskTier({ path: home });
  const answer = await tier.lease('f', 'f(1)');
  expect((await readdir(home)).filter((name) => name.startsWith('holder-'))).toHaveLength(1);
  if (answer.state === 'granted') await answer.lease.release();
  await tier.close();
  expect((await readdir(home)).filter((name) => name.startsWith('holder-'))).toEqual([]);
});

test('a sign that is missing, or no socket, says nothing', async () => {
  const sign = new LifeSign(home, 'holder-1');
  expect(await sign.begin()).toBe(true);
  expect(await isOver(home, 'holder-1')).toBe(false);
  sign.end();
  expect(await isOver(home, 'holder-1')).toBe(false);
  expect(await isOver(join(home, 'not there'), 'holder-1')).toBe(false);
});
