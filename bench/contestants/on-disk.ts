/** Who keeps things on disk? Programs of Node and of Python, each run for one measurement. */
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { python, pythonMissing } from '../python.ts';
import type { Closable, Contestant, Sample } from '../scenario.ts';

/** Of each of the two kinds of values. */
export const entriesEach = 10_000;
/** For storing, whose new directory is thrown away. */
const storedEach = 500;

export interface OnDisk extends Closable {
  /** In a new directory. */
  store(): Promise<Sample>;
  /** In a new process, from the directory that was filled when this was opened. */
  read(): Promise<Sample>;
}

const pathOf = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const inNode = [process.execPath, pathOf('../functions/disk.js')];
const inPython = [python, pathOf('../python/disk.py')];

/** A program that is run for one measurement. @param name by which the program knows it */
async function openOnDisk(name: string, language: 'node' | 'python'): Promise<OnDisk> {
  const home = mkdtempSync(join(tmpdir(), 'threadmemo-bench-'));
  const [program = '', ...first] = language === 'node' ? inNode : inPython;
  const run = async (job: 'store' | 'read', directory: string, entries: number) => {
    mkdirSync(directory, { recursive: true });
    const args = [...first, name, directory, job, String(entries)];
    const { stdout } = await promisify(execFile)(program, args);
    return JSON.parse(stdout) as Sample;
  };
  const filled = join(home, 'filled');
  await run('store', filled, entriesEach);
  return {
    async store() {
      const fresh = join(home, 'fresh');
      const sample = await run('store', fresh, storedEach);
      rmSync(fresh, { recursive: true });
      return sample;
    },
    read: () => run('read', filled, entriesEach),
    close: async () => rmSync(home, { recursive: true, force: true }),
  };
}

const inNodeCalled = (name: string, program: string, what: string): Contestant<OnDisk> => ({
  name,
  what,
  cannot: {},
  open: () => openOnDisk(program, 'node'),
});

const inPythonCalled = (name: string, what: string): Contestant<OnDisk> => ({
  name,
  what,
  cannot: {},
  missing: () => pythonMissing(name),
  open: () => openOnDisk(name, 'python'),
});

export const onDisk: readonly Contestant<OnDisk>[] = [
  inNodeCalled(
    'lmdb',
    'lmdb',
    'lmdb bare, in its own encoding (msgpack): the floor, without checksums, limits or order of use',
  ),
  inNodeCalled(
    'threadmemo, tier.get',
    'tier',
    'get() of the disk tier alone: checked bytes, which are not decoded',
  ),
  inNodeCalled(
    'threadmemo',
    'threadmemo',
    'a memoized call on the main thread, memory and 2 threads before the disk tier',
  ),
  inPythonCalled('diskcache', 'Python: a call memoized by diskcache (SQLite, pickle)'),
  inPythonCalled('joblib', 'Python: a call memoized by joblib.Memory (a folder an entry, pickle)'),
];
