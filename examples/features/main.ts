/**
 * Run this with `npm run features`, and again; then change a line in one of the stages of stages.ts,
 * and run it once more: only that stage and what follows is computed.
 */

import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { createPool } from 'threadmemo';
import { diskTier } from 'threadmemo/disk';
import { cacheFolder, clear } from '../cache-folder.ts';
import { runExample } from '../command-line.ts';
import { readDocuments } from './documents.ts';
import { printAlike, printDocuments, printStages } from './report.ts';
import { alike, stages } from './stages.ts';

const cache = 'features';

const help = `npm run features -- [options] [folder]

Finds out which of the Markdown files in a folder (default: node_modules) are alike,
in five stages, and says what each stage has computed and what came from disk.

  --quick   40 files at most
  --clear   only forgets what is on disk
  --help    this text
`;

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

/** Throws an `Error` for people to read when an option is unknown. */
function readOptions(args: string[]) {
  const flag = { type: 'boolean', default: false } as const;
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { quick: flag, clear: flag, help: { ...flag, short: 'h' } },
  });
  const nodeModules = fileURLToPath(new URL('../../node_modules', import.meta.url));
  const [folder = nodeModules, ...rest] = positionals;
  if (rest.length > 0) throw new Error(`one folder is enough: ${positionals.join(' ')}`);
  return { ...values, folder };
}
