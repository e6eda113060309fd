/** A cached route in the company that it has in each framework: layers before and behind it, hooks, errors. */

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { gzipSync } from 'node:zlib';
import express, { type ErrorRequestHandler } from 'express';
import Fastify from 'fastify';
import { Hono } from 'hono';
import { cached } from 'threadmemo/express';
import { cached as cachedFastify } from 'threadmemo/fastify';
import { cached as cachedFetch } from 'threadmemo/hono';
import { expect, onTestFinished, test } from 'vitest';
import { openForAll, until } from '../threads/open.ts';
import { ask, listen } from './sites.ts';

openForAll({ threads: 0 });

/** A layer that compresses for those who accept it, the way such layers do: it replaces methods. */
function compressing(request: IncomingMessage, response: ServerResponse): void {
  const { end } = response;
  if (!request.headers['accept-encoding']?.includes('gzip')) return;
  response.end = ((chunk?: unknown) => {
    const bytes = gzipSync(chunk as Buffer);
    response.setHeader('content-encoding', 'gzip');
    response.setHeader('content-length', bytes.length);
    return end.call(response, bytes, 'utf8');
  }) as typeof response.end;
}

test('Express: what compresses before the route compresses for each client', async () => {
  let runs = 0;
  const app = express();
  app.use((request, response, next) => {
    compressing(request, response);
    next();
  });
  app.get('/', cached({ ttl: '1m' }), (_, response) => {
    runs++;
    response.json({ long: 'text' });
  });
  const port = await listen(createServer(app));
  const plain = { 'accept-encoding': 'identity' };
  for (const encoding of ['gzip', undefined, 'gzip', undefined]) {
    const response = await fetch(`http://127.0.0.1:${port}/`, {
      headers: encoding === undefined ? plain : { 'accept-encoding': encoding },
    });
    expect(response.headers.get('content-encoding')).toBe(encoding ?? null);
    expect(await response.json()).toEqual({ long: 'text' });
  }
  expect(runs).toBe(1);
});

test('Express: what compresses behind the route is kept only where the key says for whom', async () => {
  const app = express();
  const careless = cached({ ttl: '1m' });
  const careful = cached({ ttl: '1m', vary: ['accept-encoding'] });
  const compress: express.RequestHandler = (request, response, next) => {
    compressing(request, response);
    next();
  };
  const page: express.RequestHandler = (_, response) => void response.send('text');
  app.get('/careless', careless, compress, page);
  app.get('/careful', careful, compress, page);
  const port = await listen(createServer(app));
  for (const path of ['/careless', '/careful']) {
    for (const encoding of ['gzip', 'identity', 'gzip', 'identity']) {
      const headers = { 'accept-encoding': encoding };
      const response = await fetch(`http://127.0.0.1:${port}${path}`, { headers });
      expect(response.headers.get('content-encoding')).toBe(encoding === 'gzip' ? 'gzip' : null);
      expect(await response.text()).toBe('text');
    }
  }
  expect(careless.stats().passed).toMatchObject({ 'content-encoding': expect.any(Number) });
  expect(careful.stats()).toMatchObject({ computations: 2, passed: {} });
});

test('Express: what a layer before the route sets is each request’s own', async () => {
  let requests = 0;
  const app = express();
  app.use((_, response, next) => {
    response.setHeader('x-request-id', String(++requests));
    response.setHeader('x-from', 'before');
    next();
  });
  app.get('/', cached({ ttl: '1m' }), (_, response) => {
    response.setHeader('x-from', 'handler');
    response.removeHeader('x-powered-by');
    response.send('page');
  });
  const port = await listen(createServer(app));
  for (const id of ['1', '2', '3']) {
    const { headers } = await ask(port, '/');
    expect(headers['x-request-id']).toBe(id);
    expect(headers['x-from']).toBe('handler');
  }
});

test('Express: what the handler throws goes to the application’s own handler of errors', async () => {
  const app = express();
  const route = cached({ ttl: '1m' });
  const own: ErrorRequestHandler = (error, _, response, __) =>
    void response.status(500).send(`own: ${error.message}`);
  app.get('/', route, () => {
    throw new Error('broken');
  });
  app.use(own);
  const port = await listen(createServer(app));
  expect(await ask(port, '/')).toMatchObject({ status: 500, body: 'own: broken' });
  expect(await ask(port, '/')).toMatchObject({ status: 500, body: 'own: broken' });
  expect(route.stats()).toMatchObject({ entries: 0, passed: { status: 2 } });
});

test('Express: one route in two places keeps two pages', async () => {
  const app = express();
  const inside = express.Router();
  const route = cached({ ttl: '1m' });
  inside.get('/page', route, (request, response) => void response.send(request.baseUrl));
  app.use('/a', inside);
  app.use('/b', inside);
  const port = await listen(createServer(app));
  for (const path of ['/a', '/b', '/a', '/b']) {
    expect((await ask(port, `${path}/page`)).body).toBe(path);
  }
  expect(route.stats().computations).toBe(2);
});

test('Express: a path that was rewritten before the route is another page', async () => {
  const app = express();
  app.use((request, _, next) => {
    request.url = request.headers['x-mobile'] ? '/mobile' : '/desktop';
    next();
  });
  const route = cached({ ttl: '1m' });
  app.get('/{*path}', route, (request, response) => void response.send(request.url));
  const port = await listen(createServer(app));
  expect((await ask(port, '/')).body).toBe('/desktop');
  expect((await ask(port, '/', { headers: { 'x-mobile': '1' } })).body).toBe('/mobile');
});

test('Express: a method that was replaced before the route is not what it seems', async () => {
  const app = express();
  app.use((request, _, next) => {
    Object.assign(request, { originalMethod: request.method, method: 'GET' });
    next();
  });
  const route = cached({ ttl: '1m' });
  app.get('/', route, (_, response) => void response.send('page'));
  const port = await listen(createServer(app));
  await ask(port, '/', { method: 'POST' });
  expect(route.stats()).toMatchObject({ entries: 0, passed: { method: 1 } });
});

test('node:http: a response that breaks off, or is shorter than it says, is not kept', async () => {
  let runs = 0;
  const route = cached({ ttl: '1m' });
  const port = await listen(
    createServer((request, response) =>
      route(request, response, () => {
        runs++;
        response.setHeader('content-length', 10);
        response.write('01234');
        if (request.url === '/broken') response.destroy();
        else response.end('5678');
      }),
    ),
  );
  await expect(ask(port, '/broken')).rejects.toThrow();
  await expect(ask(port, '/broken')).rejects.toThrow();
  await expect(ask(port, '/short')).rejects.toThrow();
  await expect(ask(port, '/short')).rejects.toThrow();
  expect(runs).toBe(4);
  expect(route.stats().passed).toEqual({ incomplete: 2 });
});

test('node:http: headers in each form that writeHead takes', async () => {
  const forms = {
    '/object': { 'X-A': '1', 'X-B': ['2', '3'] },
    '/flat': ['X-A', '1', 'X-B', '2', 'X-B', '3'],
    '/pairs': [
      ['X-A', '1'],
      ['X-B', '2'],
      ['X-B', '3'],
    ],
  };
  const route = cached({ ttl: '1m' });
  const port = await listen(
    createServer((request, response) =>
      route(request, response, () => {
        response.setHeader('x-c', '4');
        response.writeHead(200, 'Fine', forms[request.url as keyof typeof forms] as string[]);
        response.end('page');
      }),
    ),
  );
  for (const path of Object.keys(forms)) {
    for (const _ of ['made', 'kept']) {
      const { headers } = await ask(port, path);
      expect(headers).toMatchObject({ 'x-a': '1', 'x-b': '2, 3', 'x-c': '4' });
    }
  }
  expect(route.stats().computations).toBe(3);
});

test('node:http: a handler that flushes its headers wants to be heard at once', async () => {
  const route = cached({ ttl: '1m' });
  let end = () => {};
  const port = await listen(
    createServer((request, response) =>
      route(request, response, () => {
        response.flushHeaders();
        response.write('first');
        end = () => response.end('last');
      }),
    ),
  );
  const response = await fetch(`http://127.0.0.1:${port}/`);
  const reader = response.body?.getReader();
  expect(Buffer.from((await reader?.read())?.value ?? []).toString()).toBe('first');
  end();
  expect(Buffer.from((await reader?.read())?.value ?? []).toString()).toBe('last');
  expect(route.stats().passed).toEqual({ flushed: 1 });
});

test('node:http: callbacks of write and end are called, and the response finishes', async () => {
  const route = cached({ ttl: '1m' });
  const called: string[] = [];
  const port = await listen(
    createServer((request, response) =>
      route(request, response, () => {
        response.once('finish', () => called.push('finish'));
        response.write('a', () => called.push('write'));
        response.end('b', () => called.push('end'));
        expect(response.headersSent).toBe(true);
        expect(response.writableEnded).toBe(true);
      }),
    ),
  );
  expect((await ask(port, '/')).body).toBe('ab');
  await until(() => called.length === 3);
  expect(called.sort()).toEqual(['end', 'finish', 'write']);
});

test('Fastify: hooks before the route run for each request, those of sending once', async () => {
  const app = Fastify();
  onTestFinished(() => app.close());
  let [requests, sent, responses] = [0, 0, 0];
  app.addHook('onRequest', async (_, reply) => void reply.header('x-request-id', ++requests));
  app.addHook('onSend', async (_, __, payload) => {
    sent++;
    return `${payload}!`;
  });
  app.addHook('onResponse', async () => void responses++);
  app.get('/', { preHandler: cachedFastify({ ttl: '1m' }) }, async () => ({ page: 1 }));
  for (const id of [1, 2, 3]) {
    const { headers, body } = await app.inject('/');
    expect(headers['x-request-id']).toBe(String(id));
    expect(headers['content-type']).toBe('application/json; charset=utf-8');
    expect(body).toBe('{"page":1}!');
  }
  expect(sent).toBe(1);
  await until(() => responses === 3);
});

test('Fastify: its own handler of errors answers, and a hook that refuses comes first', async () => {
  const app = Fastify();
  onTestFinished(() => app.close());
  let runs = 0;
  app.setErrorHandler((error: Error, _, reply) => reply.code(500).send(`own: ${error.message}`));
  app.addHook('preHandler', async (request, reply) =>
    request.headers['x-key'] === 'right' ? undefined : reply.code(401).send('who?'),
  );
  const preHandler = cachedFastify({ ttl: '1m' });
  app.get('/', { preHandler }, async () => {
    runs++;
    return 'secret';
  });
  app.get('/broken', { preHandler }, async () => {
    throw new Error('broken');
  });
  const allowed = { 'x-key': 'right' };
  expect((await app.inject({ url: '/', headers: allowed })).body).toBe('secret');
  expect((await app.inject({ url: '/', headers: allowed })).body).toBe('secret');
  expect((await app.inject('/')).statusCode).toBe(401);
  expect(runs).toBe(1);
  for (const _ of [1, 2]) {
    const { statusCode, body } = await app.inject({ url: '/broken', headers: allowed });
    expect([statusCode, body]).toEqual([500, 'own: broken']);
  }
});

test('Hono: what layers around the route set is each request’s own', async () => {
  const app = new Hono();
  let [requests, runs] = [0, 0];
  app.use(async (context, next) => {
    context.header('x-before', String(++requests));
    await next();
    context.header('x-after', String(requests));
  });
  app.get('/', cachedFetch({ ttl: '1m' }), (context) => {
    runs++;
    return context.json({ page: 1 }, 200, { 'x-own': 'yes' });
  });
  app.onError((error, context) => context.text(`own: ${error.message}`, 500));
  app.get('/broken', cachedFetch({ ttl: '1m' }), () => {
    throw new Error('broken');
  });
  for (const id of ['1', '2', '3']) {
    const response = await app.request('/');
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'content-type': 'application/json',
      'x-before': id,
      'x-after': id,
      'x-own': 'yes',
    });
    expect(await response.json()).toEqual({ page: 1 });
  }
  expect(runs).toBe(1);
  for (const _ of [1, 2]) expect(await (await app.request('/broken')).text()).toBe('own: broken');
});

test('a handler of fetch that throws rejects, for its own request', async () => {
  const route = cachedFetch({ ttl: '1m' });
  const request = () => new Request('http://site.example/');
  const broken = () => Promise.reject(new Error('broken'));
  await expect(route(request(), broken)).rejects.toThrow('broken');
  await expect(route(request(), broken)).rejects.toThrow('broken');
  const response = await route(request(), () => new Response('well'));
  expect(await response.text()).toBe('well');
  expect(await (await route(request(), broken)).text()).toBe('well');
});
