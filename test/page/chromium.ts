/** Debian's Chromium (`CHROMIUM`: another one), for one file of tests, and a page that is opened in it. */

import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, onTestFinished } from 'vitest';
import { isLeftOut } from '../tiers/redis-server.ts';

const executablePath = process.env['CHROMIUM'] ?? '/usr/bin/chromium';

/** A browser, its server and its client share few cores with much else. */
export const LONG_MS = 240_000;

export const withoutChromium = isLeftOut('all that needs a browser', executablePath, '--version');

/** It asks no other host for anything. */
const args = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

export interface Opened {
  readonly page: Page;
  /** What the browser has complained of. */
  readonly complaints: readonly string[];
}

/** One browser for all tests of a file. */
export function browserForAll(): (url: string, options?: BrowserContextOptions) => Promise<Opened> {
  let browser: Browser;
  beforeAll(async () => {
    if (!withoutChromium)
      browser = await chromium.launch({ executablePath, args, timeout: LONG_MS });
  }, LONG_MS);
  afterAll(() => browser?.close(), LONG_MS);
  return async (url, options = {}) => {
    const context = await browser.newContext(options);
    onTestFinished(() => context.close());
    const page = await context.newPage();
    page.setDefaultTimeout(LONG_MS);
    const complaints: string[] = [];
    page.on('console', (message) => {
      if (['error', 'warning'].includes(message.type())) complaints.push(message.text());
    });
    page.on('pageerror', (error) => complaints.push(String(error)));
    page.on('requestfailed', (request) => complaints.push(`${request.url()} failed`));
    await page.goto(url);
    return { page, complaints };
  };
}
