import { memoize } from 'threadmemo';

export const describe = memoize(import.meta.url, function describe(name, value) {
  return { name, kind: Object.prototype.toString.call(value), bytes: Buffer.alloc(5000, name) };
});
