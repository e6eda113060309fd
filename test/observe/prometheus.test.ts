/** Metrics with other names than promised, keys in labels, or counts that are not those of the pool. */

import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { Registry } from 'prom-client';
import { mapTier, memoize } from 'threadmemo';
import { collectMetrics } from 'threadmemo/prometheus';
import { fakeClock } from 'threadmemo/testing';
import { describe, expect, test } from 'vitest';
import { failing } from '../fixtures/blocking.ts';
import { fresh, lift, reaches } from '../fixtures/counters-and-gates.ts';
import { gated } from '../fixtures/gated.ts';
import { increment } from '../fixtures/quick.ts';
import { open, rejection } from '../threads/open.ts';

/** Names and types, as users' dashboards have them. */
const names = {
  threadmemo_requests_total: 'counter',
  threadmemo_computations_total: 'counter',
  threadmemo_compute_seconds: 'histogram',
  threadmemo_compute_saved_seconds_total: 'counter',
  threadmemo_entries: 'gauge',
  threadmemo_bytes: 'gauge',
  threadmemo_evictions_total: 'counter',
  threadmemo_pool_threads: 'gauge',
  threadmemo_pool_pending_requests: 'gauge',
  threadmemo_pool_wait_seconds: 'histogram',
  threadmemo_tier_errors_total: 'counter',
  threadmemo_tier_up: 'gauge',
};

const registries: Record<string, () => Registry> = { 'prom-client': () => new Registry() };
// It asks for Node 22, and is installed with the tools of test/projects.
if (process.env['PROJECTS']) {
  const require = createRequire(new URL('../projects/package.json', import.meta.url));
  const client = require('@prometheus-io/client') as { Registry: new () => Registry };
  registries['@prometheus-io/client'] = () => new client.Registry();
}

/** By series: what one sample says. */
function samplesOf(text: string): Map<string, number> {
  const lines = text.split('\n').filter((line) => line && !line.startsWith('#'));
  return new Map(
    lines.map((line) => {
      const at = line.lastIndexOf(' ');
      return [line.slice(0, at), Number(line.slice(at + 1))];
    }),
  );
}

describe.each(Object.entries(registries))('with a registry of %s', (_, registryOf) => {
  test('the names and types are those that are promised', async () => {
    const registry = registryOf();
    collectMetrics(registry);
    const text = await registry.metrics();
    const types = [...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name, type]) => [
      name,
      type,
    ]);
    expect(Object.fromEntries(types)).toEqual(names);
    // No pool is open.
    expect(samplesOf(text).size).toBe(0);
  });

  test('results add up to the calls, and outcomes to the computations', async () => {
    const registry = registryOf();
    collectMetrics(registry);
    await open({ threads: 1, tiers: [mapTier()], max: 100 });
    const gate = fresh('gate');
    const both = [gated(gate), gated(gate)];
    await reaches(`${gate}:started`, 1);
    lift(gate);
    await Promise.all(both);
    await gated(gate);
    await rejection(failing('no'));
    const samples = samplesOf(await registry.metrics());
    const of = (name: string, labels: string) => samples.get(`threadmemo_${name}{${labels}}`);
    const id = `function="${gated.id}"`;
    const hits = ['near', 'shared', 'memory', 'tiers'].map(
      (tier) => of('requests_total', `${id},result="hit",tier="${tier}"`) ?? Number.NaN,
    );
    expect(hits.reduce((sum, each) => sum + each)).toBe(1);
    expect(of('requests_total', `${id},result="miss",tier=""`)).toBe(1);
    expect(of('requests_total', `${id},result="wait",tier=""`)).toBe(1);
    expect(of('computations_total', `${id},outcome="value"`)).toBe(1);
    expect(of('computations_total', `function="${failing.id}",outcome="error"`)).toBe(1);
    expect(of('entries', id)).toBe(1);
    expect(samples.get('threadmemo_compute_seconds_count')).toBe(2);
    expect(of('compute_seconds_bucket', 'le="+Inf"')).toBe(2);
    expect(samples.get('threadmemo_pool_wait_seconds_count')).toBe(2);
    expect(of('tier_up', 'tier="map"')).toBe(1);
    const threads = ['busy', 'awaiting', 'blocked', 'idle'];
    const all = threads.map((state) => of('pool_threads', `state="${state}"`) ?? Number.NaN);
    expect(all.reduce((sum, each) => sum + each)).toBe(1);
    // Keys are nowhere.
    expect([...samples.keys()].join()).not.toContain(gate);
  });
});

test('stale hits and cached errors are results of their own, of functions that may have them', async () => {
  const registry = new Registry();
  collectMetrics(registry);
  const clock = fakeClock();
  await open({ threads: 0, clock });
  const aging = memoize(import.meta.url, (n: number) => n, {
    name: 'aging',
    ttl: '1m',
    staleWhileRevalidate: '1m',
  });
  const refuses = memoize(
    import.meta.url,
    (n: number): number => {
      throw new RangeError(String(n));
    },
    { name: 'refuses', cacheErrors: '1m' },
  );
  await aging(1);
  await aging(1);
  clock.advance('61s');
  await aging(1);
  await aging.has(1);
  for (let n = 0; n < 3; n++) await rejection(refuses(1));
  const samples = samplesOf(await registry.metrics());
  const of = (id: string, result: string) => {
    const its = `threadmemo_requests_total{function="${id}",result="${result}"`;
    const found = [...samples].filter(([series]) => series.startsWith(its));
    return found.length === 0 ? undefined : found.reduce((sum, [, value]) => sum + value, 0);
  };
  const results = ['hit', 'stale', 'miss', 'wait', 'error'];
  expect(results.map((result) => of(aging.id, result))).toEqual([1, 1, 1, 0, undefined]);
  expect(results.map((result) => of(refuses.id, result))).toEqual([0, undefined, 1, 0, 2]);
  expect(aging.stats()).toMatchObject({ hits: 2, staleHits: 1 });
});

test('OpenMetrics has its names, too', async () => {
  const registry = new Registry<typeof Registry.OPENMETRICS_CONTENT_TYPE>();
  registry.setContentType(Registry.OPENMETRICS_CONTENT_TYPE);
  collectMetrics(registry);
  await open({ threads: 0 });
  await increment(1);
  const text = await registry.metrics();
  expect(text).toContain('# TYPE threadmemo_requests counter');
  expect(text).toContain(
    `threadmemo_requests_total{function="${increment.id}",result="miss",tier=""} 1`,
  );
  expect(text).not.toContain('_total_total');
});

test('promtool has nothing to complain of', async (context) => {
  const registry = new Registry();
  collectMetrics(registry);
  await open({ threads: 0, tiers: [mapTier()] });
  await increment(1);
  const input = await registry.metrics();
  const { error, status, stdout, stderr } = spawnSync('promtool', ['check', 'metrics'], {
    input,
    encoding: 'utf8',
  });
  if (error && !process.env['THREADMEMO_CI']) context.skip('promtool is not there');
  expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: '', stderr: '' });
});

test('every query of the dashboard names a metric that there is, and every metric has a panel', () => {
  const dashboard = JSON.parse(readFileSync('docs/grafana.json', 'utf8')) as Dashboard;
  const queries = dashboard.panels.flatMap(({ targets }) => targets.map(({ expr }) => expr));
  queries.push(...dashboard.templating.list.map(({ query }) => query));
  const named = queries.flatMap((query) => query.match(/threadmemo_\w+/g) ?? []);
  const metrics = new Set(named.map((name) => name.replace(/_bucket$/, '')));
  expect([...metrics].sort()).toEqual(Object.keys(names).sort());
});

interface Dashboard {
  readonly panels: readonly { readonly targets: readonly { readonly expr: string }[] }[];
  readonly templating: { readonly list: readonly { readonly query: string }[] };
}

test('they are of whichever pool is open; of what is no registry they are refused', async () => {
  const registry = new Registry();
  collectMetrics(registry);
  const first = await open({ threads: 0 });
  await increment(1);
  await first.close();
  expect(samplesOf(await registry.metrics()).size).toBe(0);
  await open({ threads: 0 });
  const series = `threadmemo_entries{function="${increment.id}"}`;
  expect(samplesOf(await registry.metrics()).get(series)).toBeUndefined();
  await increment(1);
  expect(samplesOf(await registry.metrics()).get(series)).toBe(1);
  expect(() => collectMetrics({} as Registry)).toThrow(/registry.*prom-client/);
});
