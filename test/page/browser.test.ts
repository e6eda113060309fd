/** What people see, in a real browser: with its policy, on a phone, with 200 functions, and with hostile names. */

import { statusPage } from 'threadmemo/page';
import { describe, expect, test } from 'vitest';
import { inFull } from '../effort.ts';
import { failing } from '../fixtures/blocking.ts';
import { fresh, lift, reaches } from '../fixtures/counters-and-gates.ts';
import { dies, HOSTILE_NAME, held, holder, listed } from '../fixtures/listed.ts';
import { increment } from '../fixtures/quick.ts';
import { open, rejection } from '../threads/open.ts';
import { browserForAll, LONG_MS, withoutChromium } from './chromium.ts';
import { nodeSite } from './sites.ts';

const widths = [360, 820, 1440];

describe.skipIf(withoutChromium)('in a browser', { timeout: LONG_MS }, () => {
  const visit = browserForAll();

  test.runIf(inFull)(
    '200 functions, findings and flights fit on a phone, a tablet and a desk',
    async () => {
      const pool = await open({ threads: 2, attempts: 1 });
      await Promise.all(listed.flatMap((each) => [each(1), each(1)]));
      await rejection(failing(fresh('page')));
      await rejection(dies(fresh('page')));
      const gate = fresh('held');
      const call = holder(gate, 'text');
      await reaches(`${gate}:started`, 1);
      const { url } = await nodeSite(statusPage(pool));
      const { page, complaints } = await visit(url);
      await page.waitForSelector('#functions tbody tr >> nth=201');
      expect(await page.locator('#connection').textContent()).toBe('Live');
      expect(await page.locator('#findings').textContent()).toContain('of failing have failed');
      expect(await page.locator('#findings').textContent()).toContain('1 thread has died');
      // What waits stands above what it waits for.
      expect(await page.locator('#flights > ul > li > .flight').textContent()).toContain('holder');
      expect(await page.locator('#flights ul ul .flight').textContent()).toContain('<img src=x');
      expect(await page.locator('#threads canvas').count()).toBe(1);
      expect(await page.locator('#tiers').textContent()).toContain('memory only');
      expect(await page.locator('#actions').isVisible()).toBe(false);
      // Nothing but tables scrolls sideways.
      for (const width of widths) {
        await page.setViewportSize({ width, height: 740 });
        const box = await page.evaluate('[document.documentElement.scrollWidth, innerWidth]');
        expect(box).toEqual([width, width]);
      }
      expect(complaints).toEqual([]);
      lift(gate);
      await call;
      await page.waitForSelector('#flights >> text=Nothing is being computed');
    },
  );

  test.runIf(inFull)('names and keys are text, and the page asks no other host', async () => {
    const pool = await open({ threads: 2 });
    const gate = fresh('<b>gate</b>');
    const call = held(gate, '"><script>document.title="run"</script><img src=x onerror=alert(1)>');
    await reaches(`${gate}:started`, 1);
    await listed[7]?.(1);
    const { url } = await nodeSite(statusPage(pool, { showKeys: true }));
    const { page, complaints } = await visit(url);
    const asked: string[] = [];
    page.on('request', (request) => asked.push(request.url()));
    await page.reload();
    await page.waitForSelector('#functions tbody tr');
    expect(await page.locator('#functions tbody .name').allTextContents()).toContain(HOSTILE_NAME);
    expect(await page.locator('#flights code').textContent()).toContain('<script>document.title');
    expect(await page.locator('main img, main script, main b').count()).toBe(0);
    expect(await page.title()).toBe('threadmemo');
    expect(asked.filter((each) => !each.startsWith(url) && !each.startsWith('data:'))).toEqual([]);
    // Left by the reload: the stream that was open.
    expect(complaints.filter((each) => !each.endsWith('?events= failed'))).toEqual([]);
    lift(gate);
    await call;
  });

  test.runIf(inFull)('the policy holds: what is put into the page does not run', async () => {
    const pool = await open({ threads: 0 });
    const { url } = await nodeSite(statusPage(pool));
    const { page, complaints } = await visit(url);
    await page.waitForSelector('#summary dd');
    const thrown = await page.evaluate(`
      (() => {
        const script = document.createElement('script');
        try { script.textContent = 'document.title = "run"'; document.body.append(script); } catch (error) { return String(error); }
      })()
    `);
    expect(thrown).toContain('TrustedScript');
    const blocked = `fetch('http://127.0.0.1:9/').then(() => 'sent', () => 'blocked')`;
    expect(await page.evaluate(blocked)).toBe('blocked');
    expect(await page.title()).toBe('threadmemo');
    expect(complaints.join()).toContain('Content Security Policy');
  });

  test.runIf(inFull)('functions are sorted by what was clicked', async () => {
    const pool = await open({ threads: 0 });
    for (let times = 0; times < 3; times++) await listed[5]?.(1);
    await listed[3]?.(1);
    await listed[4]?.(1);
    await listed[4]?.(2);
    const { url } = await nodeSite(statusPage(pool));
    const { page } = await visit(url);
    const sorted = async (title: string) => {
      await page.click(`#functions thead button >> text="${title}"`);
      return await page.locator('#functions tbody .name').allTextContents();
    };
    await page.waitForSelector('#functions tbody tr');
    const byCalls = ['listed-5', 'listed-4', 'listed-3'];
    expect(await sorted('Calls')).toEqual(byCalls);
    expect(await sorted('Calls')).toEqual(byCalls.toReversed());
    expect(await sorted('Computed')).toEqual(['listed-4', 'listed-3', 'listed-5']);
    expect(await sorted('Function')).toEqual(byCalls.toReversed());
    const sign = page.locator('#functions th[aria-sort]');
    expect([await sign.count(), await sign.getAttribute('aria-sort')]).toEqual([1, 'ascending']);
  });

  test.runIf(inFull)(
    'a click forgets the values of a function, and of all, if it is confirmed',
    async () => {
      const pool = await open({ threads: 0 });
      const cell = fresh('kept');
      await increment(1, cell);
      await listed[0]?.(1);
      const { url } = await nodeSite(statusPage(pool, { actions: true }));
      const { page, complaints } = await visit(url);
      let isConfirmed = false;
      page.on('dialog', (dialog) => (isConfirmed ? dialog.accept() : dialog.dismiss()));
      const clear = page.locator('#functions tr', { hasText: 'increment' }).getByText('Clear');
      await clear.click();
      expect(increment.has(1, cell)).toBe(true);
      isConfirmed = true;
      await clear.click();
      await page.waitForSelector('#actions output >> text=Done.');
      expect([increment.has(1, cell), listed[0]?.has(1)]).toEqual([false, true]);
      await increment(1, cell);
      await page.fill('#actions input', 'no key');
      await page.click('#actions >> text="Forget the key"');
      await page.waitForSelector('#actions output >> text=There is no such');
      await page.fill('#actions input', increment.key(1, cell));
      await page.click('#actions >> text="Forget the key"');
      await page.waitForSelector('#actions output >> text=Done.');
      expect(increment.has(1, cell)).toBe(false);
      // Of the request that was refused.
      expect(complaints.filter((each) => !each.includes('404'))).toEqual([]);
    },
  );
});
