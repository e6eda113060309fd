/** Who works inside worker threads? The one file that names these contestants, imported late. */
import type { Field } from '../contestants/contestant.ts';
import type { Crew } from './crew.ts';

const crews = {
  'map-one-thread': () => import('./map-one-thread.ts'),
  map: () => import('./map.ts'),
  'lru-cache': () => import('./lru-cache.ts'),
  lmdb: () => import('./lmdb.ts'),
  port: () => import('./port.ts'),
  redis: () => import('./redis.ts'),
  'redis-together': () => import('./redis-together.ts'),
  none: () => import('./none.ts'),
  threadmemo: () => import('./threadmemo.ts'),
  'threadmemo-frozen': () => import('./threadmemo-frozen.ts'),
  'threadmemo-await': () => import('./threadmemo-await.ts'),
  'threadmemo-together': () => import('./threadmemo-together.ts'),
} satisfies Field<Crew>;

/** Those of the crews that a scenario is for, in its order. */
export function crewsCalled(...names: readonly (keyof typeof crews)[]): Field<Crew> {
  return Object.fromEntries(names.map((name) => [name, crews[name]]));
}
