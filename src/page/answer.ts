/**
 * Which request gets what. There is one address: without a query it is the page, with `?events` the stream that
 * the page reads, and what is sent to it by POST is an action. So it works wherever a framework puts it.
 */

import { act, isFromPage } from './actions.ts';
import { documentOf, type PageDocument, type PageFacts, safeHeaders } from './document.ts';
import type { Seeing } from './look.ts';
import type { Viewers } from './viewers.ts';
import type { PageVisit } from './visit.ts';

export class Answers {
  readonly #seeing: Seeing;
  readonly #viewers: Viewers;
  readonly #token: string | undefined;
  readonly #document: PageDocument;

  constructor(seeing: Seeing, viewers: Viewers, facts: PageFacts) {
    this.#seeing = seeing;
    this.#viewers = viewers;
    this.#token = facts.token;
    this.#document = documentOf(facts);
  }

  answer(visit: PageVisit): void {
    const { method, query } = visit;
    if (method === 'POST' && this.#token !== undefined) return this.#act(visit, this.#token);
    if (method !== 'GET' && method !== 'HEAD') {
      const allow = this.#token === undefined ? 'GET, HEAD' : 'GET, HEAD, POST';
      return send(visit, 405, `Only ${allow}.`, { allow });
    }
    if (query.has('events') && method === 'GET') return this.#stream(visit);
    const { text, headers } = this.#document;
    visit.send(200, headers, text);
  }

  #stream(visit: PageVisit): void {
    if (this.#seeing.pool.health().state === 'closed')
      return send(visit, 503, 'The pool is closed.');
    const stream = visit.stream({
      ...safeHeaders,
      'content-type': 'text/event-stream; charset=utf-8',
      // What compresses, or passes it on, would else keep it until there is more.
      'cache-control': 'no-store, no-transform',
      'x-accel-buffering': 'no',
    });
    this.#viewers.add(stream);
  }

  #act(visit: PageVisit, token: string): void {
    if (!isFromPage(visit, token)) return send(visit, 403, 'Not from this page: load it again.');
    void act(visit.query, this.#seeing).then(({ status, text }) => send(visit, status, text));
  }
}

function send(visit: PageVisit, status: number, text: string, more = {}): void {
  const headers = { ...safeHeaders, 'content-type': 'text/plain; charset=utf-8', ...more };
  visit.send(status, headers, `${text}\n`);
}
