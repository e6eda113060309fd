/**
 * For each directory that its parent names: writes to it, and reads what others write, so that both of
 * its threads notice when the file has grown; then says so.
 *
 * `grower.mjs <number of this one>`, forked.
 */

import { setImmediate as nextTurn } from 'node:timers/promises';
import { diskTier } from 'threadmemo/disk';
import { fn, keyOf } from './numbered.mjs';

const own = Number(process.argv[2]);
const each = 150;
const writers = 12;
const value = { codec: 1, bytes: new Uint8Array(6000).fill(own) };

process.on('message', async (path) => {
  const tier = diskTier({ path });
  let left = each;
  const write = async () => {
    while (left-- > 0) {
      const key = keyOf(own * each + left);
      await tier.set(fn, key, { value, expiresAt: Number.POSITIVE_INFINITY, ms: 1 });
    }
  };
  const written = Promise.all(Array.from({ length: writers }, write));
  let isWritten = false;
  void written.then(() => {
    isWritten = true;
  });
  for (let n = 0; !isWritten; n++) {
    tier.getNow(fn, keyOf(n % (4 * each)));
    if (n % 50 === 0) await nextTurn();
  }
  await written;
  await tier.close();
  process.send('grown');
});
