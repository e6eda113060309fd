/** What an import costs each thread, and what it leaves behind. */

import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import manifest from '../../package.json' with { type: 'json' };
import { variants } from '../effort.ts';
import { removeFolder } from '../remove-folder.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const entries = Object.entries(manifest.exports).flatMap(([subpath, entry]) =>
  typeof entry === 'string' ? [] : `threadmemo${subpath.slice(1)}`,
);

/** Runs a program of this folder, and reads what it prints as JSON. */
async function run(program: string, ...args: readonly string[]): Promise<unknown> {
  const script = fileURLToPath(new URL(program, import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, [script, ...args]);
  return JSON.parse(stdout);
}

test.each(variants(entries, 1))(
  'importing %s has no effect before a pool is opened',
  async (entry) => {
    const { ofImport, ofPool } = (await run('effects.mjs', entry)) as Record<string, object>;
    const none = { listeners: [], resources: [], globals: [], environment: [], sharedBytes: 0 };
    expect(ofImport).toEqual(none);
    // What the program watches is what opening a pool does.
    expect(ofPool).toMatchObject({
      listeners: expect.arrayContaining(['worker']),
      globals: expect.arrayContaining([expect.stringMatching(/threadmemo/)]),
      environment: [expect.stringMatching(/threadmemo/)],
      sharedBytes: expect.any(Number),
    });
  },
);

const imports = {
  'the main thread': "import('threadmemo')",
  'a worker thread': `new worker_threads.Worker("import('threadmemo')", { eval: true })`,
};
test.each(variants(Object.entries(imports), 1))(
  'importing threadmemo loads few files: %s',
  async (_, code) => {
    const files = await filesLoadedBy(code);
    expect(files).toContainEqual(expect.stringMatching(/dist\/src\/index\.js$/));
    expect(files.length).toBeLessThanOrEqual(25);
    // The command's parser, the pool and what looks at the code of functions wait until they are needed.
    expect(files.filter((file) => /commander|piscina|esbuild|lmdb|redis/.test(file))).toEqual([]);
  },
);

/** V8 counts what it runs of each file, and so says which there were, in all threads. */
async function filesLoadedBy(code: string): Promise<string[]> {
  const folder = await mkdtemp(join(tmpdir(), 'threadmemo-loaded-'));
  try {
    const env = { ...process.env, NODE_V8_COVERAGE: folder };
    await promisify(execFile)(process.execPath, ['--eval', code], { cwd: root, env });
    const counted = await Promise.all(
      (await readdir(folder)).map(async (file) => {
        const { result } = JSON.parse(await readFile(join(folder, file), 'utf8'));
        return (result as { url: string }[]).map(({ url }) => url);
      }),
    );
    return counted.flat().filter((url) => url.startsWith('file:'));
  } finally {
    await removeFolder(folder);
  }
}
