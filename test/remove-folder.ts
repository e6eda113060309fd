/** Removes a folder that a test has made, although a process that was killed may still be ending in it. */

import { rm } from 'node:fs/promises';

export function removeFolder(path: string): Promise<void> {
  return rm(path, { recursive: true, force: true, maxRetries: 20, retryDelay: 10 });
}
