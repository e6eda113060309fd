import { createRequire } from 'node:module';
import { memoize } from 'threadmemo';

/** The CommonJS files and native libraries that this thread has loaded. */
function filesHere() {
  const { sharedObjects } = process.report.getReport();
  return [...Object.keys(createRequire(import.meta.url).cache), ...sharedObjects];
}

export const loaded = memoize(import.meta.url, filesHere);
