/**
 * Run this with `npm run features`, and again; then change a line in one of the stages, words.ts to
 * pairs.ts, and run it once more: only that stage and what follows is computed. The stages are put
 * together in stages.ts.
 */

import { createPool } from 'threadmemo';
import { diskTier } from 'threadmemo/disk';
import { cacheFolder, clear } from '../cache-folder.ts';
import { runExample } from '../command-line.ts';
import { readDocuments } from './documents.ts';
import { help, readOptions } from './options.ts';
import { printAlike, printDocuments, printStages } from './report.ts';
import { alike, stages } from './stages.ts';

const cache = 'features';

await runExample(readOptions, help, async (options) => {
  if (options.clear) clear(cache);
  else await extract(options.folder, options.quick ? 40 : Number.POSITIVE_INFINITY);
  return 0;
});

async function extract(folder: string, mostDocuments: number): Promise<void> {
  const documents = readDocuments(folder, mostDocuments);
  printDocuments(folder, documents);
  const disk = diskTier({ path: cacheFolder(cache), maxSize: '200mb' });
  const pool = await createPool({ tiers: [disk] });
  try {
    const start = performance.now();
    const found = await alike(documents.map(({ text }) => text));
    const stats = Object.entries(stages).map(([name, stage]) => [name, stage.stats()] as const);
    printStages(Object.fromEntries(stats), performance.now() - start);
    printAlike(documents, found);
  } finally {
    await pool.close();
  }
}
