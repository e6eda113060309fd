/**
 * `threadmemo/page`: what the cache of a running process does, in a browser.
 *
 * Nothing is counted or sampled for it while no browser looks, and its streams end with the pool.
 */

import { randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { systemClock } from '../clock.ts';
import { refuseUnknown, wrong } from '../options.ts';
import type { MemoPool } from '../pool/pool.ts';
import { viewOf } from '../pool/pool-view.ts';
import type { FastifyReplyLike, FastifyRequestLike } from '../web/fastify.ts';
import type { HonoContextLike } from '../web/hono.ts';
import { Answers } from './answer.ts';
import { fetchVisit } from './fetch-visit.ts';
import { Latencies } from './latencies.ts';
import { lookAt } from './look.ts';
import { nodeVisit } from './node-visit.ts';
import { Viewers } from './viewers.ts';

export type { FastifyReplyLike, FastifyRequestLike } from '../web/fastify.ts';
export type { HonoContextLike } from '../web/hono.ts';

/** What the page shows, and what it may do. */
export interface StatusPageOptions {
  /**
   * Whether viewers may forget what is cached, and make it stale: all can who can load the page. Default: false.
   */
  readonly actions?: boolean;
  /** Whether the keys of what is in flight are shown: they have the arguments in them. Default: false. */
  readonly showKeys?: boolean;
}

/** A handler for one path, of node:http, Express, Fastify, Hono, or any that takes a `Request`. */
export interface StatusPage {
  (request: IncomingMessage, response: ServerResponse): void;
  (request: FastifyRequestLike, reply: FastifyReplyLike): void;
  (context: HonoContextLike): Promise<Response>;
  (request: Request): Promise<Response>;
}

/**
 * A page that shows what the pool does, for the people who run it: put it where only they come. It is of this
 * process alone. Let it have one path, with all methods if there are `actions`.
 *
 * @throws {OptionError} @throws {MissingPackageError} when a bundler has left the page's file out.
 * @example
 * const pool = await createPool();
 * const page = statusPage(pool);
 * app.all('/cache', page); // Express, Fastify, Hono
 * createServer(page).listen(9000, '127.0.0.1'); // or by itself
 */
export function statusPage(pool: MemoPool, options: StatusPageOptions = {}): StatusPage {
  const { actions, showKeys } = resolvePageOptions(options);
  const view = viewOf(pool);
  if (!view) throw wrong('pool', pool, 'what createPool() has returned');
  const facts = { page: secret(), token: actions ? secret() : undefined, showKeys };
  const latencies = new Latencies(systemClock);
  const seeing = { pool, view, showKeys, page: facts.page, latencies };
  const viewers = new Viewers({
    clock: systemClock,
    latencies,
    threads: () => view.threads().map(({ threadId, state }) => [threadId, state] as const),
    look: (at, samples) => lookAt(seeing, at, samples),
  });
  view.onClose(() => viewers.close());
  return handlerOf(new Answers(seeing, viewers, facts));
}

function resolvePageOptions(options: StatusPageOptions): Required<StatusPageOptions> {
  refuseUnknown(options, 'statusPage()', ['actions', 'showKeys']);
  const { actions = false, showKeys = false } = options;
  if (typeof actions !== 'boolean') throw wrong('actions', actions, 'true or false');
  if (typeof showKeys !== 'boolean') throw wrong('showKeys', showKeys, 'true or false');
  return { actions, showKeys };
}

function secret(): string {
  return randomBytes(24).toString('hex');
}

function handlerOf(answers: Answers): StatusPage {
  const ofRequest = (request: Request, incoming?: IncomingMessage): Promise<Response> =>
    new Promise((resolve) => answers.answer(fetchVisit(request, incoming, resolve)));
  // biome-ignore lint/suspicious/noExplicitAny: four signatures
  const handle = (first: any, second: any): Promise<Response> | undefined => {
    if (typeof first.headers?.get === 'function') return ofRequest(first);
    if (first.req?.raw) return ofRequest(first.req.raw, first.env?.incoming);
    const isFastify = first.raw && second.raw;
    if (isFastify) second.hijack();
    answers.answer(isFastify ? nodeVisit(first.raw, second.raw) : nodeVisit(first, second));
    return undefined;
  };
  return handle as StatusPage;
}
