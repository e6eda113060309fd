/** Loaded before the command: leaves behind how much memory the process had at most. */

import { writeFileSync } from 'node:fs';
import { isMainThread } from 'node:worker_threads';

if (isMainThread) {
  process.on('exit', () => writeFileSync('memory', String(process.resourceUsage().maxRSS * 1024)));
}
