/** What a worker thread loads when it reads a disk tier by itself. */

export { openReader } from '../src/tiers/disk/reader.ts';
