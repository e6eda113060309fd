/**
 * Which threadmemo is measured? The built one, as users get it. By its path and only here: this
 * folder has a package.json of its own, so the name `threadmemo` does not lead to it.
 */
export { createPool, memoize } from '../../dist/src/index.js';
export { redisTier } from '../../dist/src/redis.js';
