/**
 * The smallest tier: a `Map` of records, in this process. What writers of tiers start from, and
 * what tests put faults around. It has no limit.
 */

import type { Tier, TierRecord } from './tier.ts';

/**
 * A tier that keeps its records in this process: for tests, and to start a tier of your own from.
 * @param records where they are kept, by function id and key
 *
 * @example
 * const pool = await createPool({ tiers: [mapTier()] });
 */
export function mapTier(records = new Map<string, Map<string, TierRecord>>()): Tier {
  return {
    name: 'map',
    get: async (functionId, key) => records.get(functionId)?.get(key),
    async set(functionId, key, record) {
      const own = records.get(functionId) ?? new Map<string, TierRecord>();
      records.set(functionId, own.set(key, record));
    },
    async delete(functionId, key) {
      records.get(functionId)?.delete(key);
    },
    async clear(functionId) {
      if (functionId === undefined) records.clear();
      else records.delete(functionId);
    },
    async close() {},
  };
}
