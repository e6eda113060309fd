/** Redis through ioredis, a connection for each worker: text as it is, bytes as they are, the rest as JSON. */
import { Redis } from 'ioredis';
import { kindOf } from '../cached-values.js';

/** @param {{ port: number }} data */
export async function open({ port }) {
  const redis = new Redis({ port, host: '127.0.0.1', enableAutoPipelining: true });
  await redis.ping();
  return {
    isAsync: true,
    async get(/** @type {string} */ key) {
      switch (kindOf(key)) {
        case 'bytes':
          return (await redis.getBuffer(key)) ?? undefined;
        case 'small':
        case 'fields':
          return JSON.parse((await redis.get(key)) ?? 'null') ?? undefined;
        default:
          return (await redis.get(key)) ?? undefined;
      }
    },
    set: (/** @type {string} */ key, /** @type {unknown} */ value) => redis.set(key, encode(value)),
    clear: () => redis.flushdb(),
    close: () => redis.quit(),
  };
}

/** @param {unknown} value */
function encode(value) {
  if (typeof value === 'string') return value;
  return value instanceof Uint8Array ? Buffer.from(value.buffer) : JSON.stringify(value);
}
