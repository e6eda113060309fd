/** Single flight between real processes: many that start at once, killed ones, stopped ones. */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { open as openLmdb } from 'lmdb';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { systemClock } from '../../build/src/clock.js';
import { diskTier } from '../../build/src/disk.js';
import { openDiskTier } from '../../build/src/tiers/disk/disk-tier.js';
import { leaseTimes } from '../../build/src/tiers/disk/holders.js';
import { inFull, promised } from '../effort.ts';
import { removeFolder } from '../remove-folder.ts';
import { fn, keyOf, numbered } from './disk-app/numbered.mjs';

const app = fileURLToPath(new URL('disk-app', import.meta.url));
const processes = promised(8, inFull ? 4 : 3);
const keys = promised(200, inFull ? 60 : 20);
const kills = promised(20, inFull ? 4 : 1);
const computing = '20';

let path: string;
const children = new Set<ChildProcess>();
beforeEach(async () => {
  path = await mkdtemp(join(tmpdir(), 'threadmemo-leases-'));
});
afterEach(async () => {
  for (const child of children) child.kill('SIGKILL');
  children.clear();
  await removeFolder(path);
});

function start(program: string, ...args: string[]) {
  const child = spawn(process.execPath, [join(app, program), path, ...args], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  children.add(child);
  child.stdin.on('error', () => {});
  const lines = createInterface({ input: child.stdout });
  const ended = Promise.all([once(child, 'exit'), once(lines, 'close')]);
  return { child, lines, ended };
}

interface Grant {
  readonly n: number;
  readonly grant: number;
  readonly by: Leaser;
}

/** A process that computes all keys that no other process does. */
class Leaser {
  readonly #started = start('leaser.mjs', '1', String(keys), computing);
  readonly ready: Promise<unknown>;
  readonly ended: Promise<unknown>;
  readonly grants: Grant[] = [];
  readonly complaints: string[] = [];
  done = false;
  killed = false;

  /** @param killAfter grants; then it dies with the leases that it has. */
  constructor(killAfter = Number.POSITIVE_INFINITY) {
    const { lines, ended } = this.#started;
    this.ended = ended;
    this.ready = once(lines, 'line');
    lines.on('line', (line) => {
      const [word, n, grant] = line.split(' ');
      if (word === 'done') this.done = true;
      else if (word === 'granted')
        this.grants.push({ n: Number(n), grant: Number(grant), by: this });
      else if (word !== 'ready') this.complaints.push(line);
      if (this.grants.length >= killAfter) this.#kill();
    });
  }

  begin(): void {
    this.#started.child.stdin.write('begin');
  }

  #kill(): void {
    this.killed ||= this.#started.child.kill('SIGKILL');
  }
}

async function runAtOnce(leasers: readonly Leaser[]): Promise<void> {
  await Promise.all(leasers.map(({ ready }) => ready));
  for (const leaser of leasers) leaser.begin();
  await Promise.all(leasers.map(({ ended }) => ended));
}

/** By number: the grant under which its record was stored. */
async function stored(): Promise<Map<number, number>> {
  const tier = diskTier({ path });
  const grants = new Map<number, number>();
  for (let n = 1; n <= keys; n++) {
    const record = await tier.get(fn, keyOf(n));
    if (record) grants.set(n, record.ms);
  }
  await tier.close();
  return grants;
}

/** How many leases there are, and how many holders. */
async function rows(): Promise<number[]> {
  const root = openLmdb({ path, noSubdir: false });
  // Names are bytes: with another encoding lmdb takes those that begin with less than 5 for its own.
  const count = (name: string) => root.openDB({ name, keyEncoding: 'binary' }).getCount();
  const counts = ['leases', 'holders'].map(count);
  await root.close();
  return counts;
}

test(`${processes} processes that ask at the same moment compute each of ${keys} keys once`, async () => {
  const leasers = Array.from({ length: processes }, () => new Leaser());
  await runAtOnce(leasers);
  const grants = leasers.flatMap((leaser) => leaser.grants);
  expect(leasers.flatMap(({ complaints }) => complaints)).toEqual([]);
  expect(leasers.every(({ done }) => done)).toBe(true);
  expect(grants.length).toBe(keys);
  expect(new Set(grants.map(({ n }) => n)).size).toBe(keys);
  expect((await stored()).size).toBe(keys);
  expect(await rows()).toEqual([0, 0]);
});

test.runIf(inFull)(
  `after ${kills} kill -9 each key is stored, and was computed twice only where a lease was lost`,
  async () => {
    const mortal = Array.from({ length: kills }, (_, i) => new Leaser(1 + ((i * 7) % 10)));
    const others = Array.from({ length: Math.max(2, processes - kills) }, () => new Leaser());
    await runAtOnce([...mortal, ...others]);
    expect([...mortal, ...others].flatMap(({ complaints }) => complaints)).toEqual([]);
    expect(others.every(({ done }) => done)).toBe(true);
    // A single one may find that the others have leased everything before it has started.
    if (kills > 1) expect(mortal.some(({ killed }) => killed)).toBe(true);

    const records = await stored();
    expect(records.size).toBe(keys);
    const grants = [...mortal, ...others].flatMap((leaser) => leaser.grants);
    const lost = grants.filter(({ n, grant }) => records.get(n) !== grant);
    expect(lost.filter(({ by }) => !by.killed)).toEqual([]);
    console.log(`${grants.length} grants for ${keys} keys, ${lost.length} lost by the killed`);
  },
  300_000,
);

/** A process that has the lease of number 1. */
async function startHolder() {
  const holder = start('holder.mjs');
  await once(holder.lines, 'line');
  return holder;
}

test.runIf(inFull)(
  'the lease of a process that was killed goes on without waiting for its heartbeat',
  async () => {
    const { child } = await startHolder();
    const times = { ...leaseTimes, deadAfter: Number.POSITIVE_INFINITY };
    const tier = openDiskTier({ path }, systemClock, times);
    // So that it has searched for what the dead have left, which would remove the lease, too.
    await tier.lease(fn, keyOf(2));
    const answer = await tier.lease(fn, keyOf(1));
    if (answer.state !== 'held') throw new Error(answer.state);
    child.kill('SIGKILL');
    await answer.over;
    expect((await tier.lease(fn, keyOf(1))).state).toBe('granted');
    await tier.close();
  },
);

test.runIf(inFull)('what a process that was killed has left is removed by the next', async () => {
  const { child, ended } = await startHolder();
  child.kill('SIGKILL');
  await ended;
  expect(await rows()).toEqual([1, 1]);
  const tier = diskTier({ path });
  const answer = await tier.lease(fn, keyOf(2));
  if (answer.state !== 'granted') throw new Error(answer.state);
  await answer.lease.release();
  await expect.poll(rows).toEqual([0, 1]);
  await tier.close();
  expect(await rows()).toEqual([0, 0]);
});

test.runIf(inFull)(
  'a process that was stopped does not overwrite what its successor computes',
  async () => {
    const holder = await startHolder();
    holder.child.kill('SIGSTOP');
    const tier = openDiskTier({ path }, systemClock, { ...leaseTimes, deadAfter: 500 });
    let answer = await tier.lease(fn, keyOf(1));
    while (answer.state === 'held') {
      await answer.over;
      answer = await tier.lease(fn, keyOf(1));
    }
    if (answer.state !== 'granted') throw new Error(answer.state);

    const said = once(holder.lines, 'line');
    holder.child.kill('SIGCONT');
    holder.child.stdin.write('store');
    expect(await said).toEqual(['false']);
    expect(await tier.get(fn, keyOf(1))).toBeUndefined();
    expect(await answer.lease.store({ ...numbered(1), ms: 2 })).toBe(true);
    expect((await tier.get(fn, keyOf(1)))?.ms).toBe(2);
    await holder.ended;
    await tier.close();
  },
);
