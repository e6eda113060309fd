/** A request to a Node server, for the core: what Express, Connect, Fastify and `node:http` have in common. */

import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import type { TLSSocket } from 'node:tls';
import { setImmediate } from '../runtime/globals.ts';
import { appended } from './cache-status.ts';
import type { Again, Exchange, RunEnd, Watch } from './exchange.ts';
import { isCurrent, type KeptPage } from './kept-page.ts';
import { nodeAgain } from './node-again.ts';
import { NodeCapture } from './node-capture.ts';
import type { Fields } from './node-fields.ts';
import { currentHeadings, type Headings, latin1Of, wholeHeadings } from './page-pieces.ts';

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
  /** Puts these among them, for its hooks to see, and tells all: to be given to `writeHead`. */
  stored?(headings: Headings): OutgoingHttpHeaders;
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
    const isKnown = isCurrent(page, this.#ifNoneMatch, this.#ifModifiedSince);
    const headings = isKnown
      ? currentHeadings(page, age, cacheStatus)
      : wholeHeadings(page, age, cacheStatus).headings;
    this.#begin(isKnown ? 304 : page.status, headings);
    const response = this.#response;
    if (isKnown || page.status === 204 || this.method === 'HEAD') return void response.end();
    const text = latin1Of(page);
    if (text === undefined) response.end(page.body);
    else response.end(text, 'latin1');
  }

  #begin(status: number, headings: Headings): void {
    const going = this.#going;
    if (going.stored && !this.#capture && this.#message.httpVersionMajor === 1) {
      going.stop?.();
      this.#response.writeHead(status, going.stored(headings));
      return;
    }
    // One by one: what is in front of the route may ask the response for them.
    const response = this.#response;
    this.#prepare();
    response.statusCode = status;
    const inner = response.getHeader('cache-status');
    for (const name in headings)
      response.setHeader(name, headings[name] as string | readonly string[]);
    if (inner !== undefined)
      response.setHeader('cache-status', appended(inner, headings['cache-status'] as string));
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
