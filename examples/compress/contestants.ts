/**
 * The ways to have the same work done, behind one interface: a task of bare Piscina for every
 * request, and a call of the memoized function for every request, without and with a disk behind
 * its memory. Same number of threads.
 */

import { Piscina } from 'piscina';
import { createPool, type MemoPool } from 'threadmemo';
import { diskTier } from 'threadmemo/disk';
import { cacheFolder } from '../cache-folder.ts';
import { compress } from './compress.ts';

/** Brotli's highest: what one wants for files that are served a million times. */
const quality = 11;

/** The name of the folder in which results are kept. */
export const cache = 'compress';

/** Of each pool of threadmemo that was closed: which memos have paid. */
export const reports: string[] = [];

export interface Contestant {
  compress(content: Buffer): Promise<Uint8Array>;
  counts(): Counts;
  close(): Promise<void>;
}

/** How the requests so far were answered. */
export interface Counts {
  readonly computations: number;
  /** Found on disk. */
  readonly fromDisk: number;
  /** Found in memory. */
  readonly cached: number;
  /** Shared a computation that another caller had asked for. */
  readonly joined: number;
}

export async function openPiscina(threads: number): Promise<Contestant> {
  const filename = new URL('./bare-worker.js', import.meta.url).href;
  const pool = new Piscina({ filename, minThreads: threads, maxThreads: threads });
  return {
    compress: (content) => pool.run({ content, quality }),
    counts: () => ({ computations: pool.completed, fromDisk: 0, cached: 0, joined: 0 }),
    close: () => pool.destroy(),
  };
}

export async function openThreadmemo(threads: number): Promise<Contestant> {
  return memoized(await createPool({ threads }));
}

export async function openOnDisk(threads: number): Promise<Contestant> {
  const disk = diskTier({ path: cacheFolder(cache), maxSize: '100mb' });
  return memoized(await createPool({ threads, tiers: [disk] }));
}

function memoized(pool: MemoPool): Contestant {
  return {
    compress: (content) => compress(content, quality),
    counts: () => {
      const { computations, hits, hitsIn, waits } = compress.stats();
      const fromDisk = hitsIn.tiers;
      return { computations, fromDisk, cached: hits - fromDisk, joined: waits };
    },
    close: () => {
      reports.push(pool.report().text);
      return pool.close();
    },
  };
}
