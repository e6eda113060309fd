import { defineConfig } from 'vitest/config';

const here = (path: string) => new URL(path, import.meta.url).pathname;

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: 'test/compile-workers.ts',
    alias: [
      { find: 'threadmemo/redis', replacement: here('dist/src/redis.js') },
      { find: 'threadmemo/disk', replacement: here('dist/src/disk.js') },
      { find: 'threadmemo/keyv', replacement: here('dist/src/keyv.js') },
      { find: 'threadmemo/memcached', replacement: here('dist/src/memcached.js') },
      { find: 'threadmemo/tier-suite', replacement: here('dist/src/tiers/suite.js') },
      { find: 'threadmemo', replacement: here('dist/src/index.js') },
      // Where the threads find them too: a thread that loads tsx first takes seven times as long.
      { find: /^.*\/workers\/(\w+)\.ts$/, replacement: here('build/workers/$1.js') },
    ],
    // Starting a process or a thread leaves the other core idle; more at a time would only wait.
    maxWorkers: 2,
    // For slow, shared machines; what really hangs still fails.
    testTimeout: 60_000,
  },
});
