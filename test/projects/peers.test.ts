/**
 * Older versions of what tiers need: npm installs threadmemo beside any of them, those that work are
 * used, and those that do not are named in an error.
 */

import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { Project } from '../package/project.ts';
import { removeFolder } from '../remove-folder.ts';
import { type RedisServer, startRedis } from '../tiers/redis-server.ts';
import { createProjectWithTools, online, SETUP_MS, toolFolder } from './tools.ts';

const LIMIT = { timeout: 300_000 };

let project: Project;
beforeAll(async () => {
  project = await createProjectWithTools('peers');
}, SETUP_MS);
afterAll(() => project?.remove());

const peers = ['redis', 'keyv', 'lmdb', 'esbuild'];
afterEach(() =>
  Promise.all(peers.map((name) => rm(join(project.folder, 'node_modules', name), { force: true }))),
);

async function keep(...args: string[]): Promise<{ seen: unknown; stderr: string }> {
  const { stdout, stderr } = await project.node('keep.js', ...args);
  return { seen: JSON.parse(stdout), stderr };
}

/** Computed in the first pool, found in the tier by the second. */
const kept = { seen: [144, 1, 0, 144, 0, 1], stderr: '' };

test('npm installs the package beside older versions of its peers', LIMIT, async () => {
  const folder = join(project.folder, 'beside');
  await mkdir(folder);
  await writeFile(join(folder, 'package.json'), JSON.stringify({ name: 'beside', private: true }));
  const old = ['redis@4', 'keyv@4', 'esbuild@0.18', 'lmdb@2.5'];
  const quiet = ['--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
  const { stderr } = await online('npm', ['install', ...quiet, project.tarball, ...old], folder);
  expect(stderr).toBe('');
});

describe('lmdb', LIMIT, () => {
  test('2.9 works, beside esbuild 0.21', async () => {
    await project.install(toolFolder('lmdb2'), 'lmdb');
    await project.install(toolFolder('esbuild021'), 'esbuild');
    expect(await keep('disk', 'cache-of-2')).toEqual(kept);
  });

  test('and esbuild that are too old are named, with their versions', async () => {
    await fake('lmdb', '2.8.5');
    const { seen } = await keep('disk', 'cache-of-none');
    expect(seen).toEqual({
      name: 'MissingPackageError',
      message: expect.stringMatching(
        /lmdb, version 2\.9\.0 or later; version 2\.8\.5 is installed/,
      ),
    });
    await removeFolder(join(project.folder, 'node_modules/lmdb'));
    await project.install('lmdb');
    await fake('esbuild', '0.20.2');
    const { seen: computed, stderr } = await keep('disk', 'cache-without-esbuild');
    expect(computed).toEqual([144, 1, 0, 144, 1, 0]);
    expect(stderr).toMatch(/esbuild, version 0\.21\.0 or later; version 0\.20\.2 is installed/);
    await removeFolder(join(project.folder, 'node_modules/esbuild'));
  });
});

describe('redis', LIMIT, () => {
  let server: RedisServer;
  beforeAll(async () => {
    server = await startRedis();
  });
  afterAll(() => server?.stop());

  test('5 works', async () => {
    await project.install('esbuild');
    await project.install(toolFolder('redis5'), 'redis');
    expect(await keep('redis', server.url)).toEqual(kept);
  });

  test('4 is named, with its version', async () => {
    await project.install(toolFolder('redis4'), 'redis');
    const { seen } = await keep('redis', server.url);
    expect(seen).toEqual({
      name: 'MissingPackageError',
      message: expect.stringMatching(
        /redis, version 5\.0\.0 or later; version 4\.\d+\.\d+ is inst/,
      ),
    });
  });
});

test('keyv 4 works', LIMIT, async () => {
  await project.install('esbuild');
  await project.install(toolFolder('keyv4'), 'keyv');
  // In the memory of the one Keyv, which its tier's end does not close.
  expect(await keep('keyv')).toEqual(kept);
});

/** A package of this version, which cannot be loaded: its version is enough to refuse it. */
async function fake(name: string, version: string): Promise<void> {
  const folder = join(project.folder, 'node_modules', name);
  await mkdir(folder);
  await writeFile(join(folder, 'package.json'), JSON.stringify({ name, version }));
}
