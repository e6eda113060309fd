/**
 * The two ways to have the same work done, behind one interface: a task of bare Piscina for every
 * request, and a call of the memoized function for every request. Same number of threads.
 */

import { Piscina } from 'piscina';
import { createPool } from 'threadmemo';
import { compress } from './compress.ts';

/** Brotli's highest: what one wants for files that are served a million times. */
const quality = 11;

export interface Contestant {
  compress(content: Buffer): Promise<Uint8Array>;
  counts(): Counts;
  close(): Promise<void>;
}

/** How the requests so far were answered. */
export interface Counts {
  readonly computations: number;
  /** Found in the cache. */
  readonly cached: number;
  /** Shared a computation that somebody else had asked for. */
  readonly joined: number;
}

export async function openPiscina(threads: number): Promise<Contestant> {
  const filename = new URL('./bare-worker.js', import.meta.url).href;
  const pool = new Piscina({ filename, minThreads: threads, maxThreads: threads });
  return {
    compress: (content) => pool.run({ content, quality }),
    counts: () => ({ computations: pool.completed, cached: 0, joined: 0 }),
    close: () => pool.destroy(),
  };
}

export async function openThreadmemo(threads: number): Promise<Contestant> {
  const pool = await createPool({ threads });
  return {
    compress: (content) => compress(content, quality),
    counts: () => {
      const { computations, hits, waits } = compress.stats();
      return { computations, cached: hits, joined: waits };
    },
    close: () => pool.close(),
  };
}
