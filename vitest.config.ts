import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    alias: {
      'threadmemo/redis': new URL('./dist/src/redis.js', import.meta.url).pathname,
      'threadmemo/disk': new URL('./dist/src/disk.js', import.meta.url).pathname,
      threadmemo: new URL('./dist/src/index.js', import.meta.url).pathname,
    },
    // Every file opens pools of its own on a machine with two cores: side by side they only wait.
    fileParallelism: false,
    // For slow, shared machines; what really hangs still fails.
    testTimeout: 60_000,
  },
});
