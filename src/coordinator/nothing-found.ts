/** What is said of a call where there is no cache to look into: before a pool is open, and after it was closed. */

import type { Explanation } from '../protocol.ts';

/** Why nothing is there is not known: the pool was closed. */
export const NOTHING_FOUND: Explanation = {
  state: 'missing',
  where: undefined,
  ageMs: undefined,
  ttlLeftMs: undefined,
  computeMs: undefined,
  bytes: undefined,
  usedSinceLook: undefined,
  tags: [],
  dependsOn: [],
  tiers: {},
  lastMiss: undefined,
};
