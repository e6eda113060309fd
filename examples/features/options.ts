/** What the command line may say. */

import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

export const help = `npm run features -- [options] [folder]

Finds out which of the Markdown files in a folder (default: node_modules) are alike,
in five stages, and says what each stage has computed and what came from disk.

  --quick   40 files at most
  --clear   only forgets what is on disk
  --help    this text
`;

/** Throws an `Error` for people to read when an option is unknown. */
export function readOptions(args: string[]) {
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
