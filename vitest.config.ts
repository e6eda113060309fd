import { defineConfig } from 'vitest/config';
import manifest from './package.json' with { type: 'json' };

const here = (path: string) => new URL(path, import.meta.url).pathname;

/** The build that threads load, too. */
const aliases = Object.entries(manifest.exports).flatMap(([subpath, entry]) =>
  typeof entry === 'string'
    ? []
    : { find: new RegExp(`^threadmemo${subpath.slice(1)}$`), replacement: here(entry.default) },
);

/** Folders whose tests open no pool and mock no module. They share processes: one for each file costs half a second. */
const alone = [
  'arena',
  'cli',
  'code-version',
  'eviction',
  'fuzz',
  'keys',
  'memory',
  'model',
  'order',
  'types',
  'values',
];
const withoutPool = [...alone.map((folder) => `test/${folder}/**/*.test.ts`), 'test/*.test.ts'];

/** Vitest hands `--exclude` to no project. */
const asked = process.argv.filter((_, i, all) => all[i - 1] === '--exclude');

// Minutes, and hundreds of packages to install: PROJECTS=1 runs them.
const exclude = [
  '**/node_modules/**',
  ...(process.env['PROJECTS'] ? [] : ['test/projects/**']),
  ...asked,
];

/** Vite would not watch what is in `dist/`, which it takes for its own. */
const build = { emptyOutDir: false };

const followsBuild = process.argv.some((argument) => /^--(watch|coverage)/.test(argument));

const common = {
  alias: [
    ...aliases,
    // Where the threads find them too: a thread that loads tsx first takes seven times as long.
    { find: /^.*\/fixtures\/([\w-]+)\.ts$/, replacement: here('build/test/fixtures/$1.js') },
  ],
  // Loaded by Node itself, in half the time; but then vitest sees no change of them, nor what they cover.
  server: {
    deps: { external: followsBuild ? [] : [/\/dist\/(src|chunks|workers)\//, /\/build\/src\//] },
  },
  // For slow, shared machines; what really hangs still fails.
  testTimeout: 180_000,
  hookTimeout: 180_000,
  teardownTimeout: 180_000,
  expect: { poll: { timeout: 150_000 } },
};

export default defineConfig({
  build,
  test: {
    globalSetup: 'test/compile-fixtures.ts',
    // Of this process only: what worker threads and other processes run is not counted. Lines, because
    // a function that both its source and a bundle brought in counts twice.
    coverage: {
      include: ['src/**/*.ts', 'dist/**/*.js', 'build/src/**/*.js'],
      excludeAfterRemap: true,
      reporter: ['text-summary', 'html'],
      reportsDirectory: 'build/coverage',
    },
    // Starting a process or a thread leaves the other core idle; more at a time would only wait.
    maxWorkers: 2,
    projects: [
      {
        build,
        test: {
          ...common,
          name: 'unit',
          include: withoutPool,
          exclude,
          isolate: false,
          // One after the other, or the processes of this would not be used again.
          sequence: { groupOrder: 0 },
        },
      },
      {
        build,
        test: {
          ...common,
          name: 'whole',
          include: ['test/**/*.test.ts'],
          exclude: [...exclude, ...withoutPool],
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
