/** Redis behind TLS, with a certificate of its own: by a URL, and by clients that were handed in. */

import { execFile } from 'node:child_process';
import { mkdtemp, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Redis } from 'ioredis';
import { createClient } from 'redis';
import { RedisAccessError, type RedisClient, type RedisTier, redisTier } from 'threadmemo/redis';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { inFull, variants } from '../effort.ts';
import { removeFolder } from '../remove-folder.ts';
import { record } from '../suites/tier.ts';
import { freePort, isLeftOut, type RedisServer, startRedis, withoutRedis } from './redis-server.ts';

const run = promisify(execFile);
const withoutTls = withoutRedis || isLeftOut('Redis behind TLS', 'openssl', 'version');
const f1 = ['f', 'f(1)'] as const;
/** The machine may be busy. */
const patient = { timeout: 20_000, connectTimeout: 20_000 };

let home: string;
let server: RedisServer;
let port: number;
let certificate: string;
let ca: Buffer;
beforeAll(async () => {
  if (withoutTls) return;
  home = await mkdtemp(join(tmpdir(), 'threadmemo-redis-'));
  certificate = join(home, 'certificate.pem');
  const key = join(home, 'key.pem');
  await run('openssl', [
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'],
    ...['-days', '2', '-subj', '/CN=cache', '-addext', 'subjectAltName=IP:127.0.0.1'],
    ...['-keyout', key, '-out', certificate],
  ]);
  ca = await readFile(certificate);
  port = await freePort();
  server = await startRedis(
    ...['--tls-port', String(port), '--tls-auth-clients', 'no', '--tls-ca-cert-file', certificate],
    ...['--tls-cert-file', certificate, '--tls-key-file', key],
  );
});
afterAll(async () => {
  await server?.stop();
  if (home) await removeFolder(home);
});

const open = new Set<RedisTier>();
beforeEach(async ({ skip }) => {
  if (withoutTls) skip();
  await server.command('FLUSHALL');
});
afterEach(async () => {
  await Promise.all([...open].map((tier) => tier.close()));
  open.clear();
});

function openTier(client: RedisClient): RedisTier {
  const tier = redisTier({ client, ...patient });
  open.add(tier);
  return tier;
}

const clients: Record<string, (trusted?: Buffer) => RedisClient> = {
  redis: (trusted) =>
    createClient({
      url: `rediss://127.0.0.1:${port}`,
      socket: { tls: true, ...(trusted && { ca: trusted }) },
    }),
  ioredis: (trusted) =>
    new Redis({ host: '127.0.0.1', port, lazyConnect: true, tls: trusted ? { ca: trusted } : {} }),
};

describe.each(variants(Object.keys(clients), 1))('by a client of %s', (name) => {
  const client = clients[name] as (trusted?: Buffer) => RedisClient;

  test('that trusts the certificate, commands and messages arrive', async () => {
    const [holder, waiter] = [openTier(client(ca)), openTier(client(ca))];
    const granted = await holder.lease(...f1);
    const held = await waiter.lease(...f1);
    if (granted.state !== 'granted' || held.state !== 'held') throw new Error(held.state);
    await granted.lease.store(record([1]));
    await held.over;
    const { value } = record([1]);
    expect(await waiter.lease(...f1)).toMatchObject({ state: 'found', record: { value } });
  });

  test('that does not, what is asked fails, and says why', async () => {
    const warned = new Promise<Error>((resolve) => process.once('warning', resolve));
    const tier = openTier(client());
    await expect(tier.get(...f1)).rejects.toThrow(RedisAccessError);
    expect((await warned).message).toMatch(/Redis .*self-signed certificate/);
  });
});

describe('by a rediss:// URL', () => {
  const program = fileURLToPath(new URL('redis-app/once.mjs', import.meta.url));

  /** One call, in a process of its own. */
  async function call(trust: Record<string, string>) {
    const where = { REDIS: `rediss://127.0.0.1:${port}` };
    const env = { ...process.env, ...where, ...trust };
    const { stdout, stderr } = await run(process.execPath, [program, '21'], { env });
    return { ...JSON.parse(stdout), stderr };
  }

  test.runIf(inFull)('a process that trusts the certificate shares what it computes', async () => {
    const trust = { NODE_EXTRA_CA_CERTS: certificate };
    const used = { value: 42, connected: true, stderr: '' };
    expect(await call(trust)).toEqual({ ...used, hits: 0 });
    expect(await call(trust)).toEqual({ ...used, hits: 1 });
  });

  test.runIf(inFull)('a process that does not says so, and its calls go on', async () => {
    const { stderr, ...answer } = await call({});
    expect(answer).toEqual({ value: 42, connected: false, hits: 0 });
    expect(stderr).toMatch(/ThreadmemoWarning: Redis .*self-signed certificate/);
  });
});
