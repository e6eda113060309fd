/** What do the benchmarks call of threadmemo? */
import { built } from './built.js';

/** @type {typeof import('../../dist/src/index.js')} */
const { createPool, memoize } = await import(built('index'));
/** @type {typeof import('../../dist/src/redis.js')} */
const { redisTier } = await import(built('redis'));

export { createPool, memoize, redisTier };
