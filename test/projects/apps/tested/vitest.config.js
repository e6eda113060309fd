import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    testTimeout: 60_000,
    projects: [
      {
        extends: true,
        test: { name: 'own pools', include: ['{prices,faults,realms}.vitest.spec.js'] },
      },
      {
        extends: true,
        test: {
          name: 'one pool for all files of a worker',
          include: ['{layout,timers}.vitest.spec.js'],
          isolate: false,
          maxWorkers: 1,
        },
      },
    ],
  },
});
