/** Opens each directory that it is told of, uses it, and says how that went. */

import { diskTier } from 'threadmemo/disk';
import { fn, keyOf, numbered } from './numbered.mjs';

process.on('message', async (path) => {
  try {
    const tier = diskTier({ path });
    await tier.set(fn, keyOf(process.pid), numbered(1));
    await tier.close();
    process.send('used');
  } catch (error) {
    process.send(String(error));
  }
});
process.send('ready');
