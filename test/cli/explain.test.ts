/** `threadmemo explain`: what a cache directory has for a call, and why it has nothing. */

import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { inFull } from '../effort.ts';
import { Folder, ndjson } from './command.ts';

/** Each test starts several processes. */
const LONG = 300_000;
vi.setConfig({ testTimeout: LONG });

const words = (separator: string) =>
  `export const words = (text) => text.split('${separator}').length;`;

let folder: Folder;
beforeAll(async () => {
  folder = await Folder.create();
  await folder.write('words.js', words(' '));
  await folder.write('unused.js', 'export const unused = 1;');
  await folder.write(
    'count.js',
    `import { words } from './words.js';
    export const count = ({ text, options }) => words(text) + options.since;
    export const total = (text, more) => words(text) + words(more);`,
  );
  await folder.write(
    'kept.js',
    `import { memoize } from 'threadmemo';
    const here = import.meta.url;
    export const brief = memoize(here, (n) => n, { name: 'brief', version: '1', ttl: 1000 });
    export const tagged = memoize(here, (n) => n, { name: 'tagged', version: '1', tags: ['red'] });
    export const one = memoize(here, (n) => n, { name: 'one', version: '1' });
    export const chosen = memoize(here, (a, b) => a, { name: 'chosen', version: '1', key: (a) => a.id });`,
  );
  await folder.write(
    'forget.mjs',
    `import { createPool, invalidateTags } from 'threadmemo';
    import { diskTier } from 'threadmemo/disk';
    const pool = await createPool({ threads: 0, tiers: [diskTier({ path: 'kept' })] });
    await invalidateTags('red');
    await pool.close();`,
  );
});
afterAll(() => folder?.remove());

async function map(fn: string, inputs: readonly unknown[], ...more: string[]): Promise<void> {
  const args = ['map', fn, '--cache', 'kept', ...more];
  expect(await folder.run(args, ndjson(inputs))).toMatchObject({ code: 0 });
}

const run = (fn: string, input: unknown, ...more: string[]) =>
  folder.run(['explain', fn, JSON.stringify(input), '--cache', 'kept', ...more]);

async function explained(fn: string, input: unknown, ...more: string[]) {
  const { code, stdout, stderr } = await run(fn, input, '--json', ...more);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return JSON.parse(stdout);
}

const call = (text: string, since: number) => ({ text, options: { since } });

test('fresh; and never, with the argument that differs', async () => {
  await map('./count.js#count', [call('to be', 1), call('or not', 2)]);
  const fresh = await explained('./count.js#count', call('to be', 1));
  expect(fresh).toMatchObject({ state: 'fresh', entry: { hits: 0, expiresAt: null }, tags: [] });
  // That was no use.
  const { stdout } = await run('./count.js#count', call('to be', 1));
  expect(stdout).toMatch(
    /^app\/count\.js#count@[0-9a-f]{32} in kept: fresh\nstored .+, used 0 times\n$/,
  );

  const never = await explained('./count.js#count', call('to be', 3));
  expect(never).toMatchObject({ state: 'missing', reason: 'never', calls: 2, unreadableCalls: 0 });
  expect(never.nearest).toBe('args[0].options.since: 3 instead of 1');
});

test.runIf(inFull)('code that changed, with its file', async () => {
  await map('./count.js#count', [call('to be', 1)]);
  await folder.write('words.js', words('-'));
  await folder.write('unused.js', 'export const unused = 2;');
  await folder.write('count.js', `// Counts.\n${await folder.read('count.js')}`);
  const changed = await explained('./count.js#count', call('to be', 1));
  expect(changed).toMatchObject({
    state: 'missing',
    reason: 'code changed',
    code: { changes: { changed: ['words.js'], added: [], removed: [], conditions: false } },
  });
  expect((await run('./count.js#count', call('to be', 1))).stdout).toMatch(
    /: missing: code changed\nstored .+ by version [0-9a-f]{32} .+\nchanged: words\.js\n$/,
  );
  const other = await explained('./count.js#count', call('to be', 3));
  expect(other).toMatchObject({ reason: 'never', calls: 0 });
});

test.runIf(inFull)(
  'long arguments are compared by their digests, and too many of them not at all',
  async () => {
    const long = 'x'.repeat(5000);
    await map('./count.js#total', [[long, 'a']], '--args');
    const total = (...args: string[]) => explained('./count.js#total', args, '--args');
    expect((await total(long, 'b')).nearest).toBe("args[1]: 'b' instead of 'a'");
    expect((await total(`${long}x`, 'a')).nearest).toBe(
      'args[0]: a text of 5001 characters instead of a text of 5000 characters',
    );
    await map('./count.js#total', [['y'.repeat(200), 'a']], '--args');
    expect(await total(long, 'b')).toMatchObject({ calls: 2, unreadableCalls: 1 });
  },
);

test.runIf(inFull)('a key that was chosen is compared as that', async () => {
  await map('./kept.js#chosen', [{ id: 1, at: 5 }]);
  const { nearest } = await explained('./kept.js#chosen', { id: 2, at: 5 });
  expect(nearest).toBe('key(...): 2 instead of 1');
});

test.runIf(inFull)('expired, and still so after a look', async () => {
  await map('./kept.js#brief', [1]);
  const reason = async () => (await explained('./kept.js#brief', 1)).reason;
  await expect.poll(reason, { timeout: LONG }).toBe('expired');
  const { stdout } = await run('./kept.js#brief', 1);
  expect(stdout).toMatch(/: missing: expired\nstored .+, expired (just now|.+ ago);/);
});

test.runIf(inFull)('a tag that was invalidated', async () => {
  await map('./kept.js#tagged', [1]);
  expect(await explained('./kept.js#tagged', 1)).toMatchObject({ state: 'fresh', tags: ['red'] });
  expect(await folder.start(['forget.mjs'], 'node').ended).toMatchObject({ code: 0, stderr: '' });
  const forgotten = { state: 'missing', reason: 'tag', tags: ['red'] };
  expect(await explained('./kept.js#tagged', 1)).toMatchObject(forgotten);
});

test.runIf(inFull)('another version', async () => {
  await map('./kept.js#one', [1]);
  await folder.write(
    'kept.js',
    `import { memoize } from 'threadmemo';
    export const one = memoize(import.meta.url, (n) => n, { name: 'one', version: '2' });`,
  );
  expect(await explained('./kept.js#one', 1)).toMatchObject({
    reason: 'code changed',
    code: { version: '1', present: '2' },
  });
});

test.runIf(inFull)('what cannot be asked says so', async () => {
  const of = (...args: string[]) => folder.run(['explain', './count.js#count', ...args]);
  expect((await of('1', '--cache', 'absent')).stderr).toContain('there is no directory absent');
  expect((await of('text', '--cache', 'kept')).stderr).toContain('a text needs quotes');
  expect((await of('1', '--args', '--cache', 'kept')).stderr).toContain('must be an array');
  expect(await of('1')).toMatchObject({ code: 2, stderr: expect.stringContaining('--cache') });
  expect(folder.has('absent')).toBe(false);
});
