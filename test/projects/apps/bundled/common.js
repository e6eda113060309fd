import { isMainThread } from 'node:worker_threads';
import { memoize } from 'threadmemo';

// In CommonJS, which a bundler can make of this, import.meta.url is undefined.
const square = memoize(import.meta.url ?? __filename, (n) => n * n, { name: 'square' });

if (isMainThread) square(12).then(console.log);
