/** A function whose result is what a file says when it begins; it ends when no other file stops it. */

import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { memoize } from 'threadmemo';

const home = process.env['TRUTH'];

// Without a version: its id is another one in Redis.
export const truth = memoize(
  import.meta.url,
  async function truth(n) {
    const text = await readFile(join(home, 'truth'), 'utf8');
    await writeFile(join(home, `begun-${n}`), '');
    while (existsSync(join(home, `hold-${n}`))) await setTimeout(2);
    return text;
  },
  { tags: (_text, [n]) => ['truth', `truth ${n}`] },
);
