/** `threadmemo cache`, and what `map` leaves there for it. */

import { afterAll, beforeAll, expect, test } from 'vitest';
import { inFull } from '../effort.ts';
import { Folder, ndjson, numbers } from './command.ts';

let folder: Folder;
beforeAll(async () => {
  folder = await Folder.create();
  for (const fn of ['double', 'same']) {
    const args = ['map', `./functions.js#${fn}`, '--cache', 'kept'];
    expect((await folder.run(args, ndjson(numbers(20)))).code).toBe(0);
  }
});
afterAll(() => folder?.remove());

const cache = (...args: string[]) => folder.run(['cache', ...args]);

async function entriesOf(fn: string): Promise<number> {
  const { functions } = JSON.parse((await cache('stats', 'kept', '--json')).stdout);
  const ids = Object.keys(functions).filter((id) => id.startsWith(`app/functions.js#${fn}@`));
  return ids.reduce((sum, id) => sum + functions[id].entries, 0);
}

test('stats: a row for each function and version', async () => {
  const { code, stdout } = await cache('stats', 'kept');
  expect(code).toBe(0);
  expect(stdout).toMatch(/^function +version +entries +bytes +hits +CPU time +newest +oldest\n/);
  expect(stdout).toMatch(/app\/functions\.js#double {2}[0-9a-f]{32} +20 /);
  expect(stdout).toMatch(/app\/functions\.js#same {4}[0-9a-f]{32} +20 /);
  expect(stdout).toMatch(/kept: 40 entries, .* in use/);
});

test.runIf(inFull)('a reader that goes away ends it quietly', async () => {
  const { child, ended } = folder.start(['cache', 'stats', 'kept']);
  child.stdout?.destroy();
  expect(await ended).toMatchObject({ code: 141, stderr: '' });
});

test('verify reads everything', async () => {
  expect(await cache('verify', 'kept')).toMatchObject({
    code: 0,
    stdout: '40 entries sound, 0 damaged\n',
  });
});

test.runIf(inFull)(
  'services that share a directory under namespaces find and clear their own',
  async () => {
    const mapped = async (...namespace: string[]) => {
      const args = ['map', './functions.js#same', '--cache', 'shared', '--json', ...namespace];
      const { code, stderr } = await folder.run(args, ndjson(numbers(3)));
      expect(code).toBe(0);
      return JSON.parse(stderr.slice(stderr.indexOf('{'))).computed;
    };
    const entries = async (...namespace: string[]) =>
      JSON.parse((await cache('stats', 'shared', '--json', ...namespace)).stdout).entries;
    const shop = ['--namespace', 'shop'];
    expect([await mapped(), await mapped(...shop), await mapped(...shop)]).toEqual([3, 3, 0]);
    expect([await entries(), await entries(...shop)]).toEqual([6, 3]);
    const own = await cache('clear', 'shared', '--function', 'app/functions.js#same', ...shop);
    expect(own.stdout).toBe('3 entries removed\n');
    expect([await mapped(...shop), await mapped()]).toEqual([3, 0]);
    expect((await cache('clear', 'shared', ...shop)).stdout).toBe('3 entries removed\n');
    expect(await entries()).toBe(3);
    expect((await cache('stats', 'shared', '--namespace', 'a|b')).stderr).toContain(
      'letters, digits',
    );
  },
);

test.runIf(inFull)(
  'clear --function removes one function, and an unknown one is an error',
  async () => {
    const wrong = await cache('clear', 'kept', '--function', 'absent');
    expect(wrong).toMatchObject({ code: 2, stdout: '' });
    expect(wrong.stderr).toContain('it has app/functions.js#double, app/functions.js#same');
    const { stdout } = await cache('clear', 'kept', '--function', 'app/functions.js#double');
    expect(stdout).toBe('20 entries removed\n');
    expect([await entriesOf('double'), await entriesOf('same')]).toEqual([0, 20]);
  },
);

test.runIf(inFull)('prune removes what is too much', async () => {
  expect((await cache('prune', 'kept')).stderr).toMatch(/prune to what\?/);
  expect((await cache('prune', 'kept', '--max-entries', '5')).stdout).toBe('15 entries removed\n');
  expect(await entriesOf('same')).toBe(5);
});

test.runIf(inFull)('prune removes what is too old, and too large; clear the rest', async () => {
  // As prune() takes it.
  expect((await cache('prune', 'kept', '--max-age', '0')).stdout).toBe('5 entries removed\n');
  expect((await cache('prune', 'kept', '--max-size', '0')).stdout).toBe('0 entries removed\n');
  expect((await cache('clear', 'kept', '--json')).stdout).toMatch(/^\{"entries":0,/);
});

test.each([
  ['absent', /there is no directory absent/],
  ['node_modules', /is no cache of threadmemo's/],
])('%s is an error, and nothing is made there', async (path, message) => {
  const { code, stderr } = await cache('stats', path);
  expect(code).toBe(2);
  expect(stderr).toMatch(message);
  expect(folder.has('absent') || folder.has('node_modules/data.mdb')).toBe(false);
});
