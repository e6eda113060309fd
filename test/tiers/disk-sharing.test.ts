/** Several processes with the same job and one directory: each key is computed once, by one of them. */

import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { diskTier } from 'threadmemo/disk';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { inFull, promised } from '../effort.ts';
import { removeFolder } from '../remove-folder.ts';

const program = fileURLToPath(new URL('disk-app/sharer.mjs', import.meta.url));
const processes = promised(8, inFull ? 3 : 2);
const keys = (inFull ? 25 : 10) * processes;
/** Milliseconds of one computation. */
const ms = promised(20, 4);

interface Sharer {
  readonly child: ChildProcess;
  /** Values that it has. */
  readonly values: Map<number, boolean>;
  /** What it says at its end; nothing if it was killed. */
  readonly done: Promise<{ computations: number; hits: number; duplicates: number } | undefined>;
}

let home: string;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'threadmemo-sharing-'));
});
afterEach(() => removeFolder(home));

async function start(heard: (sharer: Sharer) => void = () => {}): Promise<Sharer> {
  const env = { ...process.env, LOG: join(home, 'log'), KEYS: String(keys), MS: String(ms) };
  const child = fork(program, [join(home, 'cache')], { env });
  const values = new Map<number, boolean>();
  const done = new Promise<Awaited<Sharer['done']>>((resolve) => {
    child.on('message', (message: { n: number; isRight: boolean; done?: never }) => {
      if (message.done) resolve(message.done);
      if (message.n === undefined) return;
      values.set(message.n, message.isRight);
      heard(sharer);
    });
    child.on('exit', () => resolve(undefined));
  });
  const sharer = { child, values, done };
  await once(child, 'message');
  return sharer;
}

function go({ child }: Sharer): void {
  child.send('go');
}

/** By key: the processes that have begun to compute it, one after the other. */
async function computations(): Promise<number[][]> {
  const lines = (await readFile(join(home, 'log'), 'utf8')).trim().split('\n');
  const by: number[][] = Array.from({ length: keys }, () => []);
  for (const line of lines) {
    const [pid, key] = line.split(' ').map(Number) as [number, number];
    by[key]?.push(pid);
  }
  return by;
}

function expectAll({ values }: Sharer): void {
  expect([...values.keys()].sort((a, b) => a - b)).toEqual(Array.from(Array(keys).keys()));
  expect([...values.values()].every(Boolean)).toBe(true);
}

async function expectUnused(): Promise<void> {
  const tier = diskTier({ path: join(home, 'cache') });
  expect(await tier.stats()).toMatchObject({ entries: keys, failures: 0 });
  expect(await tier.verify()).toEqual({ sound: keys, damaged: 0, mended: 0 });
  await tier.close();
}

test.runIf(inFull)(
  `${processes} processes ask for the same ${keys} keys at once: each is computed once`,
  async () => {
    const sharers = await Promise.all(Array.from({ length: processes }, () => start()));
    for (const each of sharers) go(each);
    const ends = await Promise.all(sharers.map(({ done }) => done));
    for (const each of sharers) expectAll(each);
    expect((await computations()).map((by) => by.length)).toEqual(new Array(keys).fill(1));
    expect(ends.map((end) => (end ? end.computations + end.hits : 0))).toEqual(
      new Array(processes).fill(keys),
    );
    await expectUnused();
  },
  300_000,
);

test.runIf(inFull)(
  'each process but one is killed, and another takes its place: who lives has every key',
  async () => {
    const killed = new Set<number | undefined>();
    const killSoon = ({ values, child }: Sharer) => {
      // Somewhere else in its work each time.
      if (values.size === 2 + killed.size * 3 && child.kill('SIGKILL')) killed.add(child.pid);
    };
    const doomed = await Promise.all(Array.from({ length: processes - 1 }, () => start(killSoon)));
    const survivor = await start();
    for (const each of [survivor, ...doomed]) go(each);
    const successors = doomed.map(async ({ done }) => {
      await done;
      const successor = await start();
      go(successor);
      await successor.done;
      return successor;
    });
    const last = [survivor, ...(await Promise.all(successors))];
    await survivor.done;
    for (const each of last) expectAll(each);
    expect(killed.size).toBeGreaterThan(0);
    for (const by of await computations()) {
      expect(by.length).toBeGreaterThan(0);
      // Again only what the killed were computing, or had computed and not written yet.
      expect(by.slice(0, -1).filter((pid) => !killed.has(pid))).toEqual([]);
    }
    await expectUnused();
  },
  300_000,
);
