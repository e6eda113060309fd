/** lmdb must never have to map its file again: two threads that do so at once end the process. */

import { execFile, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { open as openLmdb } from 'lmdb';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { diskTier } from '../../build/src/disk.js';
import { mapSizeFor } from '../../build/src/tiers/disk/map-size.js';
import { processLimit } from '../../build/src/tiers/disk/process-limits.js';
import { cases, inFull } from '../effort.ts';
import { removeFolder } from '../remove-folder.ts';

const unlimited = Number.POSITIVE_INFINITY;
const isUnlimited = processLimit('address space') === unlimited && process.platform !== 'win32';
const app = (name: string) => fileURLToPath(new URL(`disk-app/${name}`, import.meta.url));

let path: string;
beforeEach(async () => {
  path = await mkdtemp(join(tmpdir(), 'threadmemo-map-'));
});
afterEach(() => removeFolder(path));

test('the file can grow to a terabyte without being mapped again', async () => {
  if (!isUnlimited) console.warn('SKIPPED: the addresses of this process are limited');
  const tier = diskTier({ path });
  // The same environment: lmdb opens a file once a process.
  const root = openLmdb({ path, noSubdir: false });
  const { mapSize } = root.getStats() as { mapSize: number };
  await Promise.all([root.close(), tier.close()]);
  if (isUnlimited) expect(mapSize).toBe(2 ** 40);
});

test.each([
  ['linux', 'x64', unlimited, 2 ** 40],
  ['darwin', 'arm64', unlimited, 2 ** 40],
  ['linux', 'arm', unlimited, undefined],
  ['win32', 'x64', unlimited, undefined],
  ['linux', 'x64', 2 ** 36, undefined],
])('on %s, %s, with %d addresses: %s', (platform, arch, limit, bytes) => {
  expect(mapSizeFor(platform, arch, limit)).toBe(bytes);
});

test.each([
  ['Max address space         unlimited            unlimited            bytes', unlimited],
  ['Max address space         40960000             unlimited            bytes', 40_960_000],
  ['', unlimited],
])('a limit that reads "%s"', (line, bytes) => {
  const limits = `Max processes             96365       96365     processes\n${line}\n`;
  expect(processLimit('address space', limits)).toBe(bytes);
});

test.runIf(process.platform === 'linux')(
  'a process whose addresses are limited opens a directory, too',
  async () => {
    const program = `
      import { diskTier } from ${JSON.stringify(new URL('../../dist/src/disk.js', import.meta.url).href)};
      await diskTier({ path: ${JSON.stringify(path)} }).close();
      console.log('closed');`;
    const args = ['-c', 'ulimit -v 60000000 && exec "$0" "$@"', process.execPath];
    const node = ['--input-type=module', '--eval', program];
    const { stdout } = await promisify(execFile)('sh', [...args, ...node]);
    expect(stdout).toBe('closed\n');
  },
);

/** With lmdb's own choice of a map, one of the four died in one round of 25. */
const rounds = cases(3);
test.runIf(inFull)(
  `four processes fill a new directory together, ${rounds} times`,
  async () => {
    const children = Array.from({ length: 4 }, (_, n) => fork(app('grower.mjs'), [String(n)]));
    for (let round = 0; round < rounds; round++) {
      const answers = children.map(async (child) => {
        const answer = Promise.race([once(child, 'message'), once(child, 'exit')]);
        child.send(join(path, String(round)));
        return (await answer)[0];
      });
      expect(await Promise.all(answers)).toEqual(children.map(() => 'grown'));
    }
    for (const child of children) child.disconnect();
  },
  3_600_000,
);
