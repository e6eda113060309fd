/** The command with a cache on disk, which is empty each time. */
import { rmSync } from 'node:fs';
import { command, program } from './program.ts';

export const contestant = program(
  'threadmemo map --cache',
  'the command, with a new cache directory: leases and records for all that is computed',
  (input, output) => {
    const cache = `${output}.cache`;
    rmSync(cache, { recursive: true, force: true });
    return [...command, input, '--out', output, '--cache', cache];
  },
);
