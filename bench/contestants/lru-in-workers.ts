/**
 * lru-cache in each worker: the fastest hit there is, as long as the thread that asks has computed
 * it itself. The yardstick of the scenario `hit-main`.
 */
import type { Contestant, Opened } from './contestant.ts';
import { openPiscina } from './piscina.ts';

export const contestant: Contestant<Opened> = {
  name: 'lru-in-workers',
  what: 'Piscina with an lru-cache inside each worker; in `hit-main`, read by the thread that owns it',
  cannot: { uneven: 'it leaves the schedule to Piscina' },
  async open(setup) {
    const { call, close } = openPiscina({
      ...setup,
      functions: new URL('lru.js', setup.functions),
    });
    const { value } = await import('../functions/lru.js');
    return { call, close, readHere: value };
  },
};
