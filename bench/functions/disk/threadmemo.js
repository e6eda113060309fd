/** Memoized calls on the main thread, with a disk tier behind the memory. */
import { diskTier } from '../../../dist/src/disk.js';
import { createPool } from '../threadmemo.js';
import { fields, text } from './memoized.js';

const functions = { text, fields };

/** @param {string} path */
export async function open(path) {
  const pool = await createPool({ threads: 2, tiers: [diskTier({ path })] });
  return {
    isAsync: true,
    call: (/** @type {'text' | 'fields'} */ kind, /** @type {number} */ n) => functions[kind](n),
    fromDisk: () => text.stats().hitsIn.tiers + fields.stats().hitsIn.tiers,
    close: () => pool.close(),
  };
}
