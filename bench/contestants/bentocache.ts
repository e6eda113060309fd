/** bentocache with its memory driver, in front of Piscina. `getOrSet` deduplicates by itself. */
import { BentoCache, bentostore } from 'bentocache';
import { memoryDriver } from 'bentocache/drivers/memory';
import { cacheEntries } from '../functions/limits.js';
import type { Contestant, Opened } from './contestant.ts';
import { openPiscina } from './piscina.ts';

export const contestant: Contestant<Opened> = {
  name: 'bentocache',
  what: 'Piscina behind bentocache, memory driver, serialize: false; values shared, not copied',
  cannot: { uneven: 'it leaves the schedule to Piscina' },
  async open(setup) {
    const pool = openPiscina(setup);
    // With its default, serialize: true, values become JSON: slower, and a Buffer is lost.
    const driver = memoryDriver({ maxItems: cacheEntries, serialize: false });
    const cache = new BentoCache({
      default: 'memory',
      // Here and not with each call, which would make it slower.
      ttl: '1h',
      stores: { memory: bentostore().useL1Layer(driver) },
    });
    return {
      call: (name, argument) =>
        cache.getOrSet({
          key: `${name}:${typeof argument === 'object' ? JSON.stringify(argument) : argument}`,
          factory: () => pool.call(name, argument),
        }),
      async close() {
        await cache.disconnectAll();
        await pool.close();
      },
    };
  },
};
