/** Holds the lease of one key, and stores under it when it is told to. Says what came of each. */

import { fn, keyOf, numbered } from '../disk-app/numbered.mjs';
import { openTier } from './tier.mjs';

const tier = openTier(process.argv[2]);
const answer = await tier.lease(fn, keyOf(1));
process.send(answer.state);
process.once('message', async () => {
  // Its connection may be taken for dead, because nothing was read from it for long.
  process.send(await answer.lease.store(numbered(1)).catch(() => false));
  await tier.close();
  process.disconnect();
});
