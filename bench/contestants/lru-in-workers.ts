/**
 * lru-cache in each worker: the fastest hit there is, as long as the thread that asks has computed
 * it itself. The yardstick of the scenario `hit`, on the main thread too.
 */
import type { Contestant } from './contestant.ts';
import { openPiscina } from './piscina.ts';

export const contestant: Contestant = {
  name: 'lru-in-workers',
  what: 'Piscina with an lru-cache inside each worker; in `hit`, read by the thread that owns it',
  cannot: {},
  async open(setup) {
    const { call, close } = openPiscina({
      ...setup,
      functions: new URL('lru.js', setup.functions),
    });
    const { value } = await import('../functions/lru.js');
    return { call, close, readHere: value };
  },
};
