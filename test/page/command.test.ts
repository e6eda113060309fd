/** `threadmemo page`: what a running process does, in a terminal. */

import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mapTier } from 'threadmemo';
import { statusPage } from 'threadmemo/page';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { Folder } from '../cli/command.ts';
import { inFull } from '../effort.ts';
import { fresh, lift, reaches } from '../fixtures/counters-and-gates.ts';
import { holder } from '../fixtures/listed.ts';
import { increment } from '../fixtures/quick.ts';
import { open } from '../threads/open.ts';
import { nodeSite } from './sites.ts';

let folder: Folder;
beforeAll(async () => {
  folder = await Folder.create();
});
afterAll(() => folder.remove());

test.runIf(inFull)('functions, what is in flight with what it waits for, and tiers', async () => {
  const pool = await open({ threads: 2, tiers: [mapTier()] });
  const { url } = await nodeSite(statusPage(pool));
  const [cell, gate] = [fresh('shown'), fresh('held')];
  for (let times = 0; times < 3; times++) await increment(1, cell);
  const call = holder(gate, 'a secret');
  await reaches(`${gate}:started`, 1);
  const { code, stdout } = await folder.run(['page', url.replace('http://', '')]);
  expect(code).toBe(0);
  expect(stdout).toMatch(/^The pool is open since .+: 2 of 2 threads are up, 0 calls are queued/);
  expect(stdout).toContain('Nothing fails');
  expect(stdout).toMatch(/^increment +threadmemo\S+ +3 +2 +0 +1 +0 /m);
  expect(stdout).toMatch(
    /^#\d holder: leased, .+ on thread \d+, callers: 1 -> waits for #\d <img/m,
  );
  expect(stdout).toMatch(/^tier map: up, 0 hits, \d misses, 0 failures/m);
  expect(stdout).not.toContain('a secret');
  const json = await folder.run(['page', url, '--json']);
  expect(JSON.parse(json.stdout)).toMatchObject({ state: 'open', queued: 0 });
  lift(gate);
  await call;
});

test.runIf(inFull)(
  'an address with a password sends it, and an error does not print it',
  async () => {
    let authorization: string | undefined;
    const server = createServer((request, response) => {
      authorization = request.headers.authorization;
      response.end('something else');
    }).listen(0, '127.0.0.1');
    onTestFinished(() => void server.close());
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const wrong = await folder.run(['page', `http://me:s%65cret@127.0.0.1:${port}/cache`]);
    expect([wrong.code, authorization]).toEqual([2, `Basic ${btoa('me:secret')}`]);
    expect(wrong.stderr).toBe(
      `threadmemo: there is no page of threadmemo's at http://127.0.0.1:${port}/cache: status 200, no type\n`,
    );
  },
);

test('no address, and nothing that answers', async () => {
  const none = await folder.run(['page', 'http://']);
  expect([none.code, none.stderr]).toEqual([2, expect.stringContaining('is no address, such as')]);
  const { url, server } = await nodeSite(statusPage(await open({ threads: 0 })));
  server.close();
  await once(server, 'close');
  const gone = await folder.run(['page', url]);
  expect([gone.code, gone.stderr]).toEqual([2, expect.stringContaining('does not answer: ')]);
});
