const { isMainThread } = require('node:worker_threads');
const { memoize } = require('threadmemo');

const where = memoize(__filename, function where() {
  return isMainThread ? 'main' : 'worker';
});

if (isMainThread) where().then(console.log);
