/** Commands with the same inputs and one cache are one job: two, or as many as `MACHINES` says. */

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { inFull, variants } from '../effort.ts';
import { type RedisServer, startRedis, withoutRedis } from '../tiers/redis-server.ts';
import { Folder, ndjson, numbers } from './command.ts';

let server: RedisServer;
let folder: Folder;
beforeAll(async () => {
  if (!withoutRedis) server = await startRedis();
});
afterAll(() => server?.stop());
beforeEach(async () => {
  folder = await Folder.create();
});
afterEach(() => folder.remove());

const machines = Number(process.env['MACHINES'] ?? 2);
/** For each of the machines. */
const each = inFull ? 150 : 40;
const lines = each * machines;
/** For the tests of two machines. */
const some = each * 2;

function start(out: string, ...where: string[]) {
  const target = './functions.js#takesMs';
  const options = [...where, '--threads', '1', '--out', out, '--json'];
  const running = folder.start(['map', target, 'inputs', ...options]);
  running.child.stdin?.end();
  return running;
}

async function reportOf(running: ReturnType<typeof start>) {
  const { code, stdout, stderr } = await running.ended;
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return JSON.parse(stdout);
}

const together: Record<string, () => string[]> = {
  'one cache': () => ['--cache', 'cache'],
  'one Redis': () => ['--redis', server.url],
};

describe.each(variants(Object.keys(together), 1))('with %s', (what) => {
  const where = () => together[what]?.() ?? [];
  beforeEach(async ({ skip }) => {
    if (what === 'one Redis' && withoutRedis) skip();
    if (what === 'one Redis') await server.command('FLUSHALL');
  });

  test.runIf(inFull)(
    `each input is computed by one of ${machines}, and all write all results`,
    async () => {
      await folder.write('inputs', ndjson(numbers(lines)));
      const outs = numbers(machines).map((n) => `results of ${n}`);
      const reports = await Promise.all(outs.map((out) => reportOf(start(out, ...where()))));
      expect(reports.reduce((sum, { computed }) => sum + computed, 0)).toBe(lines);
      for (const out of outs) expect(await folder.read(out)).toBe(ndjson(numbers(lines)));
    },
  );

  test.runIf(inFull)('when one is killed, the other does the rest', async () => {
    await folder.write('inputs', ndjson(numbers(some)));
    const doomed = start('one', ...where());
    const survivor = start('two', ...where());
    await folder.appears('ten-computed');
    doomed.child.kill('SIGKILL');
    expect(await reportOf(survivor)).toMatchObject({ lines: some });
    expect(await folder.read('two')).toBe(ndjson(numbers(some)));
  });
});

test.runIf(inFull)(
  'with one cache and one --out, each writes all results, and no line of the other',
  async () => {
    await folder.write('inputs', ndjson(numbers(some)));
    const where = ['--cache', 'cache'];
    const reports = await Promise.all(
      ['both', 'both'].map((out) => reportOf(start(out, ...where))),
    );
    expect(reports.map(({ written }) => written)).toEqual([some, some]);
    expect(await folder.read('both')).toBe(ndjson(numbers(some)));
    expect(folder.names().filter((name) => name.startsWith('both'))).toEqual(['both']);
  },
);

describe.skipIf(withoutRedis)('--redis', () => {
  test.runIf(inFull)('and --cache: what comes from Redis is on the disk after that', async () => {
    await folder.write('inputs', ndjson(numbers(20)));
    await reportOf(start('one', '--redis', server.url, '--cache', 'disk of one'));
    const two = ['--redis', server.url, '--cache', 'disk of two'];
    const found = { computed: 0, hitsOnDisk: 0, hitsInRedis: 20 };
    expect(await reportOf(start('two', ...two))).toMatchObject(found);
    await server.command('FLUSHALL');
    const kept = { computed: 0, hitsOnDisk: 20, hitsInRedis: 0 };
    expect(await reportOf(start('three', ...two))).toMatchObject(kept);
    expect(await folder.read('three')).toBe(ndjson(numbers(20)));
  });

  const wrong: [string, () => string, RegExp][] = [
    [
      'one that is not there',
      () => 'redis://:secret@127.0.0.1:1',
      /--redis cannot be used: .*ECONNREFUSED/,
    ],
    [
      'one that does not let us in',
      () => server.url.replace('//', '//unknown:secret@'),
      /--redis cannot be used: /,
    ],
    ['what is no URL of Redis', () => 'http://localhost', /a URL that begins with redis:/],
  ];
  test.each(variants(wrong, 1))(
    '%s is an error before anything is computed',
    async (_, url, message) => {
      const { code, stdout, stderr } = await folder.run(
        ['map', './functions.js#double', '--redis', url()],
        '1\n',
      );
      expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
      expect(stderr).toMatch(message);
      expect(stderr).not.toContain('secret');
    },
  );

  test.runIf(inFull)('one that takes nothing is an error before anything is computed', async () => {
    await server.command('CONFIG', 'SET', 'min-replicas-to-write', '1');
    const args = ['map', './functions.js#double', '--redis', server.url];
    const { code, stdout, stderr } = await folder.run(args, '1\n');
    await server.command('CONFIG', 'SET', 'min-replicas-to-write', '0');
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain('--redis cannot be used: NOREPLICAS');
  });
});
