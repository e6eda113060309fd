/** Who is looked at? A pool with 200 functions: by Prometheus, by viewers of its page, and in Chromium. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import type { Closable, Contestant } from '../scenario.ts';

export interface WatchedPool extends Closable {
  /** Calls each function. */
  callAll(round: number): Promise<void>;
  /** What Prometheus gets. */
  scrape(): Promise<string>;
  /** One more viewer, who has got the first snapshot. */
  look(): Promise<ChildProcess>;
  /** Milliseconds until a browser that has nothing in its cache shows the page's first content. */
  firstPaint(): Promise<number>;
}

const chromium = process.env['CHROMIUM'] ?? '/usr/bin/chromium';
const quiet = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run'].concat(
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
);

async function viewerOf(url: string): Promise<ChildProcess> {
  const program = fileURLToPath(new URL('../functions/viewer.js', import.meta.url));
  const viewer = fork(program, [url], { execArgv: [] });
  await once(viewer, 'message');
  return viewer;
}

async function opened(): Promise<WatchedPool> {
  const { createPool } = await import('../functions/threadmemo.js');
  const { callAll, collectMetrics, statusPage } = await import('../functions/observed.js');
  const { Registry } = await import('prom-client');
  const pool = await createPool({ threads: 2 });
  const registry = new Registry();
  collectMetrics(registry);
  const server = createServer(statusPage(pool)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  let browser: Awaited<ReturnType<typeof browserOf>> | undefined;
  return {
    callAll,
    scrape: () => registry.metrics(),
    look: () => viewerOf(url),
    async firstPaint() {
      browser ??= await browserOf();
      return paintIn(browser, url);
    },
    async close() {
      await browser?.close();
      server.close();
      server.closeAllConnections();
      await pool.close();
    },
  };
}

async function browserOf() {
  const playwright = await import('playwright-core');
  return playwright.chromium.launch({ executablePath: chromium, args: quiet });
}

async function paintIn(browser: Awaited<ReturnType<typeof browserOf>>, url: string) {
  const context = await browser.newContext({ viewport: { width: 360, height: 740 } });
  const page = await context.newPage();
  await page.goto(url);
  await page.waitForSelector('#functions tbody tr >> nth=199');
  const paint = `performance.getEntriesByName('first-contentful-paint')[0].startTime`;
  const ms = (await page.evaluate(paint)) as number;
  await context.close();
  return ms;
}

const noBrowser = 'it has no browser';

export const watchedPools: readonly Contestant<WatchedPool>[] = [
  {
    name: 'threadmemo',
    what: 'threadmemo with 200 functions in 2 threads; prom-client',
    cannot: { 'observed paint': noBrowser },
    open: opened,
  },
  {
    name: 'threadmemo-in-chromium',
    what: 'its page in a headless Chromium that is 360 pixels wide',
    cannot: { 'observed scrape': 'it is a browser', 'observed page': 'it is a browser' },
    missing: () => (existsSync(chromium) ? undefined : 'Chromium: apt-get install chromium'),
    open: opened,
  },
];
