/**
 * One of two processes over one directory, on its parent's word: it adds up leaves and other sums, as a program
 * says, and forgets leaves. What a leaf is worth, its parent tells.
 */

import { createPool, invalidateTags, memoize } from 'threadmemo';
import { diskTier } from 'threadmemo/disk';

const truth = new Map();

const leaf = memoize(import.meta.url, (cell) => truth.get(cell) ?? 0, {
  name: 'leaf',
  version: '1',
  tags: (_value, [cell]) => [cell],
});

/** One that has no part in that does not know of dependents. */
const sum = process.env['PARTS_ONLY']
  ? undefined
  : memoize(
      import.meta.url,
      async (text, at) => {
        const { id, sums } = JSON.parse(text);
        const parts = [
          ...sums[at].leaves.map((nth) => leaf(`${id}/${nth}`)),
          ...sums[at].sums.map((other) => sum(text, other)),
        ];
        return (await Promise.all(parts)).reduce((one, other) => one + other, 1);
      },
      { name: 'sum', version: '1', track: true },
    );

// Memory has room for one entry: another process does not notify it of what it invalidates.
const pool = await createPool({
  threads: 0,
  max: Number(process.env['MOST']),
  tiers: [diskTier({ path: process.env['DIRECTORY'] })],
});

const orders = {
  learn: ([cell, worth]) => void truth.set(cell, worth),
  ask: ([text, at]) => sum(text, at),
  key: ([cell]) => leaf.invalidate(cell),
  tag: ([cell]) => invalidateTags(cell),
  function: () => leaf.clear(),
  computations: () => pool.stats().functions[sum?.id]?.computations ?? 0,
};
process.on('message', async ({ id, order, args }) => {
  const result = await orders[order](args);
  if (process.connected) process.send({ id, result });
});
process.send({ id: 0 });
