import { defineConfig } from 'vitest/config';

const here = (path: string) => new URL(path, import.meta.url).pathname;

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: 'test/compile-workers.ts',
    alias: [
      { find: 'threadmemo/disk', replacement: here('dist/src/disk.js') },
      { find: 'threadmemo', replacement: here('dist/src/index.js') },
      // Where the threads find them too: a thread that loads tsx first takes seven times as long.
      { find: /^.*\/workers\/(\w+)\.ts$/, replacement: here('build/workers/$1.js') },
    ],
    // Every file opens pools of its own on a machine with two cores: side by side they only wait.
    fileParallelism: false,
    // For slow, shared machines; what really hangs still fails.
    testTimeout: 60_000,
  },
});
