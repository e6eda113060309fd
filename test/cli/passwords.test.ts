/** A password ends up in a log, an error tracker, or the list of processes. */

import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { inspect } from 'node:util';
import { Redis } from 'ioredis';
import Keyv from 'keyv';
import { createPool, memoize } from 'threadmemo';
import { keyvTier } from 'threadmemo/keyv';
import { memcachedTier } from 'threadmemo/memcached';
import { redisTier } from 'threadmemo/redis';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { withoutPasswords } from '../../src/text/printable.ts';
import { shown } from '../../src/text/shown.ts';
import { inFull, variants } from '../effort.ts';
import { Folder } from './command.ts';

const PASSWORD = 'hunter2';
const url = `redis://shop:${PASSWORD}@127.0.0.1:1`;
const key = new TextEncoder().encode(`${PASSWORD}${PASSWORD}${PASSWORD}`);

/** Whatever a user may see of an error. */
function seen(error: unknown): string {
  return inspect(error, { depth: 20, showHidden: true });
}

describe('a wrong option shows none', () => {
  const client = new Redis(url, { lazyConnect: true });
  const mistakes: Record<string, () => unknown> = {
    'a URL object': () => redisTier({ url: new URL(url) as unknown as string }),
    'a URL beside a client': () => redisTier({ url, client }),
    'a URL for options': () => redisTier(url as never),
    'a URL without a scheme': () => redisTier({ url: `:${PASSWORD}@cache` }),
    'options of a client': () => redisTier({ client: { url, password: PASSWORD } as never }),
    'a URL for a client': () => redisTier({ client: url as never }),
    'a URL for a prefix': () => keyvTier(new Keyv(), { prefix: url }),
    'a URL for a duration': () => redisTier({ timeout: url as never }),
    'a short secret of bytes': () => redisTier({ secret: Buffer.from(PASSWORD) }),
    'a secret for a duration': () => memcachedTier({ timeout: key as never }),
    'a URL for a server': () => memcachedTier({ servers: `memcached://a:${PASSWORD}@cache` }),
    'servers with a password': () => memcachedTier({ servers: [`a:${PASSWORD}@cache`, 'b'] }),
    'a URL for a Keyv': () => keyvTier(url as never),
    'options for a Keyv': () => keyvTier({ uri: url, opts: { password: PASSWORD } } as never),
    'a URL for a module': () => memoize(url, () => 1, { name: 'one' }),
    'a URL for a name': () => memoize(import.meta.url, () => 1, { name: new URL(url) as never }),
    'a client for a version': () => memoize(import.meta.url, () => 1, { version: client as never }),
  };
  test.each(Object.entries(mistakes))('%s', (_, mistake) => {
    let error: unknown;
    try {
      mistake();
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(TypeError);
    expect(seen(error)).not.toContain(PASSWORD);
  });

  test('nor do those of a pool', async () => {
    for (const options of [
      { tiers: url },
      { tiers: [url] },
      { tiers: [client] },
      { worker: { execArgv: url } },
      { worker: url },
    ]) {
      const error = await createPool(options as never).catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(TypeError);
      expect(seen(error)).not.toContain(PASSWORD);
    }
  });
});

test('a tier that is inspected shows none', async () => {
  const client = new Redis(url, { lazyConnect: true });
  const secret = PASSWORD.repeat(3);
  const tiers = [
    ...[redisTier({ url, secret }), redisTier({ client, secret })],
    ...[memcachedTier({ secret }), keyvTier(new Keyv(), { secret })],
  ];
  for (const tier of tiers) {
    expect(inspect(tier, { depth: 20, showHidden: true })).not.toContain(PASSWORD);
    expect(JSON.stringify(tier)).not.toContain(PASSWORD);
    await tier.close();
  }
});

test('texts that others have written lose theirs, and nothing else', () => {
  const texts = {
    [`cannot reach ${url}/1 now`]: 'cannot reach redis://...@127.0.0.1:1/1 now',
    [`mongodb+srv://a:${PASSWORD}/x@y@db`]: 'mongodb+srv://...@db',
    [`http://cache/?db=1&password=${PASSWORD}&x=2`]: 'http://cache/?db=1&password=...&x=2',
    'ECONNREFUSED 127.0.0.1:6379': 'ECONNREFUSED 127.0.0.1:6379',
    'app/a.js#f@1: ask me@example.org': 'app/a.js#f@1: ask me@example.org',
  };
  for (const [text, expected] of Object.entries(texts)) {
    expect(withoutPasswords(text)).toBe(expected);
  }
  expect(withoutPasswords('x'.repeat(1e6))).toHaveLength(1e6);
  expect(shown('x'.repeat(1e8)).length).toBeLessThan(120);
  const holes = Object.assign([1], { length: 2 ** 32 - 1 });
  expect(shown(holes)).toMatch(/^\[ 1, undefined, .* and 4294967287 more \]$/);
});

describe('the command', () => {
  let folder: Folder;
  beforeAll(async () => {
    folder = await Folder.create();
    await folder.write('url', `\n${url}\n# a comment\n`);
    await folder.write('empty', '\n');
  });
  afterAll(() => folder.remove());

  test.runIf(inFull)(
    'takes the URL from a file, or from the environment, and never shows it',
    async () => {
      const line = ['map', './functions.js#double'];
      const uses: readonly [readonly string[], NodeJS.ProcessEnv][] = [
        [[...line, '--redis-file', 'url'], {}],
        [line, { THREADMEMO_REDIS: ` ${url}\n` }],
        [[...line, '--redis', url], {}],
        [[...line, '--redis', `http://a:${PASSWORD}@cache`], {}],
        [[...line, `--redid=${url}`], {}],
      ];
      for (const [args, env] of variants(uses, 2)) {
        const { code, stderr, stdout } = await folder.run(args, '1\n', env);
        expect(code).toBe(2);
        expect(stderr).toMatch(/--redis cannot be used|url is|unknown option/);
        expect(stderr + stdout).not.toContain(PASSWORD);
      }
    },
  );

  test.runIf(inFull)('says what is wrong with the file', async () => {
    for (const [args, says] of [
      [['--redis-file', 'empty'], 'there is no URL in empty'],
      [['--redis-file', 'none'], 'cannot read none'],
      [['--redis-file', 'url', '--redis', 'redis://b'], 'not both'],
    ] as const) {
      const { code, stderr } = await folder.run(['map', './functions.js#double', '-', ...args]);
      expect(code).toBe(2);
      expect(stderr).toContain(says);
    }
  });
});

test('a server that quotes the commands it does not know quotes none', async () => {
  // As Redis before 6 does, and proxies.
  const server = createServer((socket) => {
    socket
      .on('error', () => {})
      .on('data', (sent) => {
        const words = String(sent)
          .split('\r\n')
          .filter((word) => /^[^*$]/.test(word));
        const rest = words.slice(1).map((word) => `\`${word}\`, `);
        const quoted = `with args beginning with: ${rest.join('')}`;
        socket.write(`-ERR unknown command \`${words[0]}\`, ${quoted}\r\n`);
      });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const warning = once(process, 'warning');
  const tier = redisTier({ url: `redis://shop:${PASSWORD}@127.0.0.1:${port}` });
  const failure = await tier.get('f', 'f(1)').catch((error: unknown) => error);
  const [warned] = await warning;
  for (const error of [failure, warned]) {
    expect(seen(error)).toContain('unknown command `HELLO`');
    expect(seen(error)).not.toContain(PASSWORD);
  }
  await tier.close();
  server.close();
});

test('a pool that is logged shows none of the environment of its threads', async () => {
  const env = { REDIS_PASSWORD: PASSWORD };
  const pool = await createPool({ threads: 1, worker: { env } });
  expect(inspect(pool, { depth: 9 }) + JSON.stringify(pool)).not.toContain(PASSWORD);
  expect(pool.options.worker.env).toBe(env);
  await pool.close();
});
