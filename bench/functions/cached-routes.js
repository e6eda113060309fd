/** What do the benchmarks call of threadmemo's cached routes? */
import { built } from './built.js';

/** @type {typeof import('../../dist/src/web/express.js')} */
const { cached: cachedNode } = await import(built('web/express'));
/** @type {typeof import('../../dist/src/web/fastify.js')} */
const { cached: cachedFastify } = await import(built('web/fastify'));
/** @type {typeof import('../../dist/src/web/hono.js')} */
const { cached: cachedHono } = await import(built('web/hono'));

export { cachedFastify, cachedHono, cachedNode };
