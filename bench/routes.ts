/**
 * What does a cached route save, and what does it cost? A thousand requests at once for a new page whose
 * handler waits 20 ms; and requests a second for a page that is there, beside a handler that sends the same
 * headers and bytes at once. The clients are autocannon's, in a thread of their own.
 */
import { Agent, request } from 'node:http';
import { performance } from 'node:perf_hooks';
import autocannon from 'autocannon';
import { framework, type RouteCache, routeCaches } from './contestants/route-caches.ts';
import { metric, type Part, type Sample, type Scenario } from './scenario.ts';

const crowd = 1_000;
const seconds = 2;

function answered(url: string, agent: Agent): Promise<void> {
  return new Promise((resolve, reject) => {
    const sent = request(url, { agent }, (response) => {
      if (response.statusCode !== 200) return reject(new Error(`status ${response.statusCode}`));
      response.resume().once('end', resolve);
    });
    sent.once('error', reject).end();
  });
}

async function measure(cache: RouteCache, round: number): Promise<Sample> {
  const before = cache.runs();
  const agent = new Agent({ keepAlive: true });
  const start = performance.now();
  const page = `${cache.url}/page/${round}`;
  await Promise.all(Array.from({ length: crowd }, () => answered(page, agent)));
  const wall = performance.now() - start;
  agent.destroy();
  const runs = cache.runs() - before;
  const warm = `${cache.url}${cache.warmPath}`;
  await answered(warm, new Agent());
  const { requests, non2xx, errors } = await autocannon({
    url: warm,
    connections: 50,
    duration: seconds,
    workers: 1,
  });
  if (non2xx > 0 || errors > 0) throw new Error(`${non2xx} wrong answers, ${errors} errors`);
  return { wall, runs, warm: requests.average };
}

function partOf(name: (typeof framework)[number]): Part<RouteCache> {
  return {
    name: `routes ${name}`,
    question: `${crowd} requests at once for a new page of 20 ms; then ${seconds} s of 50 connections for a warm one`,
    baseline: name,
    metrics: [
      metric('runs', 'runs of the handler, new'),
      metric('wall', 'wall ms, new'),
      metric('warm', 'requests/s, warm', { ratio: true }),
    ],
    bars: [
      {
        contestant: `threadmemo-${name}`,
        metric: 'runs',
        of: 'value',
        must: 'be at most',
        limit: 1,
      },
      {
        contestant: `threadmemo-${name}`,
        metric: 'warm',
        of: 'ratio',
        must: 'be at least',
        limit: 0.9,
      },
    ],
    measure,
  };
}

export const routes: Scenario<RouteCache> = {
  name: 'routes',
  field: routeCaches,
  warmUps: 1,
  rounds: 5,
  parts: framework.map(partOf),
  notShown: [
    'large bodies, many different pages, misses of many keys at a time',
    'what the others give to whom they should not: their keys are the address alone',
    'caches for Fastify and Hono: @fastify/caching sets headers and keeps no responses, fastify-response-caching is for Fastify 3, and the cache of Hono needs an API that Node has not',
  ],
};
