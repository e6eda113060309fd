/** The disk tier alone: bytes, which nobody decodes. */
import { serialize } from 'node:v8';
import { diskTier } from '../../../dist/src/disk.js';
import { valuesOf } from './values.js';

const fn = 'bench#value';
/** Of structured clone; whatever a tier is given is what it keeps. */
const codec = 1;

/** @param {string} path */
export function open(path) {
  const tier = diskTier({ path });
  return {
    isAsync: true,
    async call(/** @type {'text' | 'fields'} */ kind, /** @type {number} */ n) {
      const key = `${fn}(${kind},${n})`;
      const found = await tier.get(fn, key);
      if (found) return found;
      const bytes = serialize(valuesOf[kind](n));
      await tier.set(fn, key, { value: { codec, bytes }, expiresAt: Infinity, ms: 1 });
      return undefined;
    },
    close: () => tier.close(),
  };
}
