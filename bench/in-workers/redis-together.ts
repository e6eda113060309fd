/** Redis, asked for all keys of a page at once. */
import type { Contestant } from '../contestants/contestant.ts';
import type { Crew } from './crew.ts';
import { openRedisCrew } from './redis.ts';
import { redisMissing } from './redis-server.ts';

export const contestant: Contestant<Crew> = {
  name: 'redis-together',
  what: 'the same Redis, all fragments of a page asked for at once, in one pipeline',
  cannot: {},
  missing: redisMissing,
  open: ({ threads }) => openRedisCrew(threads, true),
};
