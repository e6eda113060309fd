/**
 * Reads the records of some numbers, verifies all, and prints what it has found; the code of the
 * error if the directory cannot be opened.
 *
 * `reader.mjs <directory> <first number> <last number>`
 */

import { diskTier } from 'threadmemo/disk';
import { compare } from './numbered.mjs';

const [path, first, last] = process.argv.slice(2);
const numbers = Array.from({ length: last - first + 1 }, (_, at) => Number(first) + at);

try {
  const tier = diskTier({ path });
  const found = await compare(tier, numbers);
  const verified = await tier.verify();
  console.log(JSON.stringify({ ...found, verified }));
  await tier.close();
} catch (error) {
  console.log(JSON.stringify({ code: error.code, message: error.message }));
}
