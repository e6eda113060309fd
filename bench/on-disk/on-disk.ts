/** What is a contestant that keeps things on disk? A program that is run for one measurement. */
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Closable, Field } from '../contestants/contestant.ts';
import { python } from '../python-packages.ts';
import type { Sample } from '../scenario.ts';

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

/** Imported late: their packages are installed by the first run. */
export const onDisk: Field<OnDisk> = {
  lmdb: () => import('./lmdb.ts'),
  'threadmemo, tier.get': () => import('./tier.ts'),
  threadmemo: () => import('./threadmemo.ts'),
  diskcache: () => import('./diskcache.ts'),
  joblib: () => import('./joblib.ts'),
};

const pathOf = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const inNode = [process.execPath, pathOf('../functions/disk/run.js')];
const inPython = [python, pathOf('../python/disk.py')];

/** @param name by which the program knows it */
export async function openOnDisk(name: string, language: 'node' | 'python'): Promise<OnDisk> {
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
