/** One directory and several processes: at once, one after the other, killed, and after damage. */

import { type ChildProcess, execFile, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type DiskTier, diskTier, type Verified } from 'threadmemo/disk';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { cases, inFull } from '../effort.ts';
import { removeFolder } from '../remove-folder.ts';
import { compare, fn, keyOf, numbered } from './disk-app/numbered.mjs';

const app = fileURLToPath(new URL('disk-app', import.meta.url));
const undamaged = { damaged: 0, mended: 0 };

let home: string;
let path: string;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'threadmemo-disk-'));
  path = join(home, 'cache');
});
afterEach(() => removeFolder(home));

/** Starts a writer, and calls `written` with each number that was acknowledged. */
async function write(
  first: number,
  last: number,
  written: (n: number, child: ChildProcess) => void = () => {},
): Promise<{ code: number | null; signal: string | null }> {
  const args = [join(app, 'writer.mjs'), path, String(first), String(last)];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout });
  lines.on('line', (line) => written(Number(line), child));
  const [[code, signal]] = await Promise.all([once(child, 'close'), once(lines, 'close')]);
  return { code, signal };
}

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
    expect(await tier.verify()).toMatchObject(undamaged);
  });
}

/** 1,000 with `EFFORT=125`, which takes ten minutes. */
const kills = cases(8);
test(`what was acknowledged is there after each of ${kills} kill -9`, async () => {
  const acknowledged: number[] = [];
  for (let round = 0; round < kills; round++) {
    // Never the same moment of a transaction: it dies after another number of writes each time.
    const enough = acknowledged.length + 1 + ((round * 37) % 300);
    const { signal } = await write(round * 10_000, Number.POSITIVE_INFINITY, (n, child) => {
      acknowledged.push(n);
      if (acknowledged.length >= enough) child.kill('SIGKILL');
    });
    expect(signal).toBe('SIGKILL');
  }
  await expectSound(acknowledged);
}, 3_600_000);

const openings = cases(8);
test.runIf(inFull)(
  'many processes open the same new directory at once',
  async () => {
    const children = await Promise.all(
      range(1, 6).map(async () => {
        const child = fork(join(app, 'opener.mjs'));
        await once(child, 'message');
        return child;
      }),
    );
    for (let round = 0; round < openings; round++) {
      const here = join(path, String(round));
      const answers = children.map(async (child) => {
        child.send(here);
        return (await once(child, 'message'))[0];
      });
      expect(await Promise.all(answers)).toEqual(children.map(() => 'used'));
      expect((await readdir(here)).sort()).toEqual(['data.mdb', 'lock.mdb', 'reserve']);
    }
    for (const child of children) child.disconnect();
  },
  3_600_000,
);

/** What one loses here, another has overwritten: see `opening.ts`. */
test.runIf(inFull).each(range(1, cases(2)))(
  'two processes write and read at once, while a third one is killed, round %i',
  async () => {
    const some = Promise.all([write(1, 400), write(1001, 1400)]);
    const killed: number[] = [];
    const third = write(2001, Number.POSITIVE_INFINITY, (n, child) => {
      killed.push(n);
      child.kill('SIGKILL');
    });
    await using(async (tier) => {
      for (const n of range(3001, 3200)) await tier.set(fn, keyOf(n), numbered(n));
      const [both] = await Promise.all([some, third]);
      expect(both).toEqual([
        { code: 0, signal: null },
        { code: 0, signal: null },
      ]);
      const numbers = [...range(1, 400), ...range(1001, 1400), ...range(3001, 3200), ...killed];
      expect(await compare(tier, numbers)).toEqual({ missing: [], wrong: [] });
      expect(await tier.verify()).toMatchObject(undamaged);
    });
  },
);

test.runIf(inFull)(
  'two processes that keep within a limit leave what both have used last',
  async () => {
    await write(1, 300);
    const [one, other] = [diskTier({ path, maxEntries: 50 }), diskTier({ path, maxEntries: 50 })];
    await Promise.all([one.prune(), other.prune(), write(301, 320)]);
    await Promise.all([one.prune(), other.prune()]);
    expect((await one.stats()).entries).toBeLessThanOrEqual(50);
    expect(await other.verify()).toMatchObject(undamaged);
    await Promise.all([one.close(), other.close()]);
  },
);

test.runIf(inFull)('what a pool has computed, the pool of the next process finds', async () => {
  const run = async () => {
    const { stdout } = await promisify(execFile)(process.execPath, [join(app, 'pool.mjs'), path]);
    return JSON.parse(stdout);
  };
  const first = await run();
  expect(first).toMatchObject({ computations: 2, tiers: 0 });
  expect(first.values).toMatchObject([{ name: 'a' }, { kind: '[object Map]' }]);
  expect(await run()).toEqual({ values: first.values, computations: 0, tiers: 2 });
});

describe('bytes of the file that have changed', () => {
  /** What a process says that reads all, or how it died. */
  async function read(directory: string) {
    const args = [join(app, 'reader.mjs'), directory, '1', '200'];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'ignore'] });
    let stdout = '';
    child.stdout.setEncoding('utf8').on('data', (text) => {
      stdout += text;
    });
    const [code, signal] = await once(child, 'close');
    if (code !== 0) return { died: signal ?? code };
    return JSON.parse(stdout) as { wrong?: number[]; verified?: Verified; code?: string | number };
  }

  test.runIf(inFull)('those of a record make it a miss, never a wrong value', async () => {
    await write(1, 200);
    const whole = await readFile(join(path, 'data.mdb'));
    const outcomes = await Promise.all(
      range(1, 4).map(async (seed) => {
        const damaged = Buffer.from(whole);
        for (let i = 0; i < 20; i++) {
          const at = whole.indexOf(numbered(seed * 20 + i).value.bytes.subarray(0, 40));
          damaged[at + i] = (damaged[at + i] as number) ^ (1 << (i % 8));
        }
        const directory = join(home, String(seed));
        await mkdir(directory);
        await writeFile(join(directory, 'data.mdb'), damaged);
        return read(directory);
      }),
    );
    for (const outcome of outcomes) {
      expect(outcome).toMatchObject({ wrong: [] });
    }
  });

  test.runIf(inFull)(
    "whole sectors of lmdb's pages end the process at worst, and give no wrong value",
    async () => {
      await write(1, 200);
      const whole = await readFile(join(path, 'data.mdb'));
      const outcomes = await Promise.all(
        range(1, 4).map(async (seed) => {
          const damaged = Buffer.from(whole);
          const sectors = whole.length / 512;
          for (let i = 1; i <= 5; i++) {
            const at = 512 * (16 + ((seed * 7919 + i * 104_729) % (sectors - 16)));
            for (let byte = 0; byte < 512; byte++)
              damaged[at + byte] = (seed * i * 31 + byte * 7) % 256;
          }
          const directory = join(home, String(seed));
          await mkdir(directory);
          await writeFile(join(directory, 'data.mdb'), damaged);
          return read(directory);
        }),
      );
      for (const outcome of outcomes) {
        if ('died' in outcome) console.warn(`lmdb has ended the process: ${outcome.died}`);
        else expect(outcome.wrong ?? []).toEqual([]);
      }
    },
  );
});
