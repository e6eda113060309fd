/** lmdb loses what is written at the moment at which another process opens: so no process writes then. */

import { fork, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { open as openLmdb } from 'lmdb';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type DiskTier, diskTier } from '../../build/src/disk.js';
import { Openings } from '../../build/src/tiers/disk/opening.js';
import { ownIdentity } from '../../build/src/tiers/disk/process-identity.js';
import { cases, inFull } from '../effort.ts';
import { removeFolder } from '../remove-folder.ts';
import { record } from '../suites/tier.ts';

let path: string;
beforeEach(async () => {
  path = await mkdtemp(join(tmpdir(), 'threadmemo-opening-'));
});
afterEach(() => removeFolder(path));

const opening = () => join(path, 'opening');

async function using(run: (tier: DiskTier) => Promise<void>): Promise<void> {
  const tier = diskTier({ path });
  await run(tier).finally(() => tier.close());
}

/** Of a process that has ended. */
const gone = () => String(spawnSync(process.execPath, ['--version']).pid);

test('a write waits until another process has opened', () =>
  using(async (tier) => {
    expect(existsSync(opening())).toBe(false);
    writeFileSync(opening(), String(process.pid));
    let isWritten = false;
    const written = tier.set('f', 'f(1)', record([1])).then(() => {
      isWritten = true;
    });
    // What lmdb is given later, and writes all the same, shows that it was not given the first.
    const root = openLmdb({ path, noSubdir: false });
    const other = root.openDB('other', {});
    for (let n = 0; n < 10; n++) await other.put('n', n);
    await root.close();
    expect(isWritten).toBe(false);
    rmSync(opening());
    await written;
    expect(await tier.get('f', 'f(1)')).toEqual(record([1]));
  }));

test('one that has ended while it opened keeps no process from writing, or from opening', async () => {
  await using(async (tier) => {
    writeFileSync(opening(), gone());
    await tier.set('f', 'f(1)', record([1]));
  });
  await using(async (tier) => expect(await tier.get('f', 'f(1)')).toEqual(record([1])));
  expect(existsSync(opening())).toBe(false);
});

test('one of which it is not known does so for two seconds at most', () =>
  using(async (tier) => {
    writeFileSync(opening(), '');
    const before = new Date(Date.now() - 60_000);
    utimesSync(opening(), before, before);
    await tier.set('f', 'f(1)', record([1]));
  }));

/** Without the rule, something was lost in one round of 300. */
const rounds = cases(8);
test.runIf(inFull)(
  `four processes open a new directory and write to it, ${rounds} times: all is there`,
  async () => {
    const program = fileURLToPath(new URL('disk-app/starter.mjs', import.meta.url));
    const children = [0, 1, 2, 3].map((n) => fork(program, [String(n), '4']));
    const ask = (what: string) =>
      Promise.all(
        children.map(async (child) => {
          const answer = once(child, 'message');
          child.send(what);
          return (await answer)[0];
        }),
      );
    for (let round = 0; round < rounds; round++) {
      await ask(join(path, String(round)));
      const all = { missing: [], wrong: [] };
      expect(await ask('count')).toEqual([all, all, all, all]);
    }
    for (const child of children) child.disconnect();
  },
  3_600_000,
);

describe('an opener that left its file', () => {
  const later = () => {
    const date = new Date(Date.now() + 3_600_000);
    utimesSync(opening(), date, date);
  };

  const contents: [string, () => string][] = [
    ['of a process that is there', () => JSON.stringify(ownIdentity())],
    ['of a process id that is given again', () => String(process.pid)],
    ['that says nothing', () => ''],
  ];
  // Each waits twice until it is taken for gone: seconds.
  test.runIf(inFull).each(contents)(
    '%s, before the clock was set back, keeps no process from opening or writing for long',
    async (_, content) => {
      await using(async () => {});
      writeFileSync(opening(), content());
      later();
      await using(async (tier) => {
        expect(existsSync(opening())).toBe(false);
        writeFileSync(opening(), content());
        later();
        await tier.set('f', 'f(1)', record([1]));
        expect(await tier.get('f', 'f(1)')).toEqual(record([1]));
      });
    },
  );

  test('and whose process id was given again is not waited for', () => {
    const own = ownIdentity();
    writeFileSync(opening(), JSON.stringify({ ...own, started: `${Number(own.started) - 1}` }));
    expect(new Openings(path).areUnderWay()).toBe(false);
    writeFileSync(opening(), JSON.stringify(own));
    expect(new Openings(path).areUnderWay()).toBe(true);
  });

  test('in another container, where its process id means nothing, is waited for', () => {
    const other = { ...ownIdentity(), pid: Number(gone()), namespace: 'another' };
    writeFileSync(opening(), JSON.stringify(other));
    expect(new Openings(path).areUnderWay()).toBe(true);
  });
});
