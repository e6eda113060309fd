/**
 * How much is stored. lmdb knows by itself at any time, of all processes together: the number of
 * entries and the pages that the tables take. A sum of the records' sizes would have to be kept
 * right by every process through every crash. The price is that room comes in pages: a page that
 * is half empty counts as a whole.
 */

import type { Database, Table } from './database.ts';

export interface Usage {
  readonly entries: number;
  /** Bytes of the pages in use. */
  readonly size: number;
}

interface TableStats {
  readonly pageSize: number;
  readonly treeBranchPageCount: number;
  readonly treeLeafPageCount: number;
  readonly overflowPages: number;
  readonly entryCount: number;
}

/** As of the last commit. */
export function usageOf({ records, index, order }: Database): Usage {
  const own = statsOf(records);
  const sizes = [own, statsOf(index), statsOf(order)].map(sizeOf);
  return { entries: own.entryCount, size: sizes.reduce((sum, size) => sum + size, 0) };
}

function statsOf(table: Table): TableStats {
  return table.getStats() as TableStats;
}

function sizeOf({ pageSize, ...pages }: TableStats): number {
  return (pages.treeBranchPageCount + pages.treeLeafPageCount + pages.overflowPages) * pageSize;
}
