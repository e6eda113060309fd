/**
 * Opens a directory and says so; deletes when its standard input says something, says what came of
 * it, and closes. Then nothing keeps it alive.
 *
 * `latecomer.mjs <directory>`
 */

import { once } from 'node:events';
import { diskTier } from 'threadmemo/disk';

const tier = diskTier({ path: process.argv[2] });
console.log('opened');
await once(process.stdin, 'data');
console.log(await tier.delete('f', 'f(1)').catch((error) => error.message));
await tier.close();
process.stdin.destroy();
