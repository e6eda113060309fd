/** The service: pages from the cache, metrics, the status page, a probe, and a graceful end on SIGTERM. */

import Fastify from 'fastify';
import { Counter, register } from 'prom-client';
import { createPool } from 'threadmemo';
import { cached } from 'threadmemo/fastify';
import { statusPage } from 'threadmemo/page';
import { collectMetrics } from 'threadmemo/prometheus';
import { revise } from './articles.ts';
import { render } from './render.ts';

const pool = await createPool({ threads: 2, maxQueue: 1000 });
const app = Fastify();
const runs = new Counter({ name: 'article_runs_total', help: 'Runs of the handler of articles' });
collectMetrics(register);

interface OfArticle {
  Params: { id: string };
}

const pages = cached({
  name: 'GET /articles/:id',
  ttl: '10m',
  // The page, its rendering and its row have one tag: a revision forgets all three.
  tags: ({ raw }) => [`article:${raw.url?.split('/')[2]}`],
});

app.get<OfArticle>('/articles/:id', { preHandler: pages }, async ({ params }, reply) => {
  runs.inc();
  const page = await render(Number(params.id));
  return page === undefined ? reply.code(404).send() : reply.type('text/html').send(page);
});

app.put<OfArticle>('/articles/:id', async ({ params }, reply) => {
  await revise(Number(params.id));
  return reply.code(204).send();
});

app.get('/ready', async (_, reply) => {
  const health = pool.health();
  return reply.code(health.ready ? 200 : 503).send(health);
});

app.get('/metrics', async (_, reply) => {
  return reply.type(register.contentType).send(await register.metrics());
});

// For those who run it: a service of more than an example has this where only they come.
app.all('/cache', statusPage(pool));

const address = await app.listen({ port: 0, host: '127.0.0.1' });

process.once('SIGTERM', async () => {
  // No new connections; requests that are under way are answered, and so are their calls.
  await app.close();
  await pool.close({ drain: '5s' });
  process.disconnect?.();
});
console.log(`${address}/articles/1 ${address}/metrics ${address}/cache`);
process.send?.({ url: address });
