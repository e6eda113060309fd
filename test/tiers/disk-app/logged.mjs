/** A function that leaves a line in a file for each computation, so that those of the killed count. */

import { appendFileSync } from 'node:fs';
import { memoize } from 'threadmemo';

const log = process.env['LOG'];
const ms = Number(process.env['MS'] ?? 20);

export const logged = memoize(
  import.meta.url,
  function logged(n) {
    appendFileSync(log, `${process.pid} ${n}\n`);
    const until = performance.now() + ms;
    while (performance.now() < until);
    return `value of ${n}`;
  },
  { version: '1' },
);
