/** A request to a Node server, for the core: what Express, Connect, Fastify and `node:http` have in common. */

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { TLSSocket } from 'node:tls';
import { setImmediate } from '../runtime/globals.ts';
import { appended } from './cache-status.ts';
import type { Again, Exchange, RunEnd, Watch } from './exchange.ts';
import { isCurrent, isOfContent, type KeptPage } from './kept-page.ts';
import { nodeAgain } from './node-again.ts';
import { NodeCapture } from './node-capture.ts';
import type { Fields } from './node-fields.ts';

/** What frameworks and their extensions put on a request. */
interface Extended {
  readonly originalUrl?: string;
  readonly originalMethod?: string;
}

/** How a framework goes on. */
export interface Going {
  /** To the handler. */
  next(error?: unknown): void;
  /** Not at all: the response is sent here. */
  stop?(): void;
  /** Headers that the framework has in store for the response. */
  headers?(): Fields;
}

/** Hidden from a handler that runs for others, too. */
const CONDITIONS = ['if-none-match', 'if-modified-since'] as const;

export class NodeExchange implements Exchange {
  readonly request: unknown;
  readonly method: string;
  readonly url: string;
  readonly rewritten: string | undefined;
  readonly #message: IncomingMessage & Extended;
  readonly #response: ServerResponse;
  readonly #going: Going;
  readonly #headers: IncomingMessage['headers'];
  /** As the client has sent them. */
  readonly #ifNoneMatch: string | undefined;
  readonly #ifModifiedSince: string | undefined;
  #capture: NodeCapture | undefined;

  /** @param request as the framework has it */
  constructor(message: IncomingMessage, response: ServerResponse, going: Going, request: unknown) {
    this.#message = message;
    this.#response = response;
    this.#going = going;
    this.request = request;
    const { url = '', originalUrl = url } = this.#message;
    // Read once: it is a getter.
    const { headers } = message;
    this.#headers = headers;
    this.method = message.method ?? '';
    this.url = originalUrl;
    this.rewritten = url === originalUrl ? undefined : url;
    this.#ifNoneMatch = headers['if-none-match'];
    this.#ifModifiedSince = headers['if-modified-since'];
  }

  get scheme(): string {
    return (this.#message.socket as TLSSocket).encrypted ? 'https' : 'http';
  }

  get host(): string {
    const { host, ':authority': authority } = this.#message.headers;
    return authority === undefined ? (host ?? '') : `${authority} ${host ?? ''}`;
  }

  get isMethodReplaced(): boolean {
    const { originalMethod = this.method } = this.#message;
    return originalMethod !== this.method;
  }

  get isClientKnown(): boolean {
    return (this.#message.socket as TLSSocket).authorized === true;
  }

  get token(): object {
    return this.#message;
  }

  again(): Again | undefined {
    return nodeAgain(this.#message);
  }

  get isGone(): boolean {
    return this.#response.destroyed || this.#response.closed;
  }

  header(name: string): string | undefined {
    return this.#headers[name] as string | undefined;
  }

  reads(header: string, run: () => unknown): boolean {
    const { headers } = this.#message;
    const value = headers[header];
    let isRead = false;
    const get = () => {
      isRead = true;
      return value;
    };
    Object.defineProperty(headers, header, { get, configurable: true, enumerable: true });
    try {
      run();
    } finally {
      const property = { value, writable: true, configurable: true, enumerable: true };
      Object.defineProperty(headers, header, property);
    }
    return isRead;
  }

  pass(cacheStatus: string | undefined): void {
    const response = this.#response;
    if (cacheStatus !== undefined && !response.headersSent) {
      response.setHeader('cache-status', cacheStatus);
    }
    this.#going.next();
  }

  async run(watch: Watch): Promise<RunEnd> {
    const { headers } = this.#message;
    for (const name of CONDITIONS) delete headers[name];
    this.#capture = new NodeCapture(this.#response, watch, this.#going.headers?.() ?? new Map());
    if (this.isGone) this.#capture.lose();
    else this.#goOn(this.#capture);
    const end = await this.#capture.end;
    if (this.#ifNoneMatch !== undefined) headers['if-none-match'] = this.#ifNoneMatch;
    if (this.#ifModifiedSince !== undefined) headers['if-modified-since'] = this.#ifModifiedSince;
    return end;
  }

  /** What it throws is the application's, as it would be without a cache. */
  #goOn(capture: NodeCapture): void {
    try {
      this.#going.next();
    } catch (error) {
      capture.lose();
      setImmediate(() => {
        throw error;
      });
    }
  }

  release(cacheStatus: string): void {
    this.#capture?.release(cacheStatus);
  }

  send(page: KeptPage, age: number | undefined, cacheStatus: string): void {
    if (this.isGone) return;
    const response = this.#response;
    this.#prepare();
    const isKnown = isCurrent(page, this.#ifNoneMatch, this.#ifModifiedSince);
    response.statusCode = isKnown ? 304 : page.status;
    for (let at = 0; at < page.headers.length; at += 2) {
      const name = page.headers[at] as string;
      if (isKnown && isOfContent(name)) continue;
      response.setHeader(name, page.headers[at + 1] as string | string[]);
    }
    if (age !== undefined) response.setHeader('age', age);
    const inner = response.getHeader('cache-status');
    response.setHeader('cache-status', appended(inner, cacheStatus));
    if (isKnown || page.status === 204) return void response.end();
    // What was kept of HEAD says its length itself.
    if (!page.isHead) response.setHeader('content-length', page.body.length);
    if (this.method === 'HEAD') return void response.end();
    const text = textOf(page);
    if (text === undefined) response.end(page.body);
    else response.end(text, 'latin1');
  }

  #prepare(): void {
    if (this.#capture) return this.#capture.restore();
    this.#going.stop?.();
    for (const [name, value] of this.#going.headers?.() ?? []) {
      this.#response.setHeader(name, value);
    }
  }

  fail(error: unknown): void {
    if (!this.#capture) return this.#going.next(error);
    // The handler has run; it must not do so again.
    process.emitWarning(error instanceof Error ? error : String(error));
    this.#capture.restore();
    if (this.isGone || this.#response.headersSent) return;
    this.#response.statusCode = 500;
    this.#response.end();
  }
}

/** Bytes of a body that are sent together with the headers, in one piece: that costs less than two. */
const ONE_PIECE = 16_384;
const texts = new WeakMap<KeptPage, string>();

/** The bytes of a small body as a text that is made of them again when it is written, with its headers. */
function textOf(page: KeptPage): string | undefined {
  if (page.body.length > ONE_PIECE) return undefined;
  const known = texts.get(page);
  if (known !== undefined) return known;
  const text = page.body.toString('latin1');
  texts.set(page, text);
  return text;
}
