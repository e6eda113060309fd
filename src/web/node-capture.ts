/**
 * The response of a Node server while its handler runs: held back as long as it may be kept, and passed
 * through, unchanged, from the moment on when it may not.
 *
 * The methods by which a response is written are replaced on this one object. Whatever had replaced them
 * before (what compresses, say) is in front of the cache and sees what is sent in the end; what replaces
 * them later stands between the handler and the cache, and is part of what is kept.
 *
 * Of the headers only those are the handler's that were not there, or were others, before it ran. The rest
 * was set by what runs before the route, for this request, and will run for the next one too.
 */

import type { ServerResponse } from 'node:http';
import { clearTimeout, queueMicrotask, setTimeout } from '../runtime/globals.ts';
import type { RunEnd, Watch } from './exchange.ts';
import {
  type AnyMethod,
  bytesOf,
  callbackOf,
  differing,
  type Fields,
  fieldsGiven,
  fieldsOf,
} from './node-fields.ts';
import { fieldOf, type KeepVerdict, type ResponseHead } from './verdict.ts';

const METHODS = ['writeHead', 'write', 'end', 'flushHeaders', 'addTrailers'] as const;
type Method = (typeof METHODS)[number];

export class NodeCapture {
  readonly end: Promise<RunEnd>;
  readonly #response: ServerResponse;
  readonly #watch: Watch;
  /** Set before the handler ran. */
  readonly #before: Fields;
  readonly #originals = new Map<Method, AnyMethod>();
  readonly #ours: Readonly<Record<Method, AnyMethod>>;
  readonly #chunks: Buffer[] = [];
  readonly #callbacks: (() => void)[] = [];
  /** What `writeHead` was called with. */
  #given: readonly unknown[] = [];
  #head: ResponseHead | undefined;
  #verdict: KeepVerdict | undefined;
  #bytes = 0;
  #state: 'held' | 'whole' | 'passed' | 'lost' = 'held';
  #settle: (end: RunEnd) => void = () => {};
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** @param before headers of this request's own that the response does not have yet */
  constructor(response: ServerResponse, watch: Watch, before: Fields) {
    this.#response = response;
    this.#watch = watch;
    this.#before = new Map([...fieldsOf(response), ...before]);
    this.end = new Promise((resolve) => {
      this.#settle = (end) => {
        clearTimeout(this.#timer);
        resolve(end);
      };
    });
    this.#ours = {
      writeHead: (...args) => this.#writeHead(args),
      write: (...args) => this.#write(args),
      end: (...args) => this.#end(args),
      flushHeaders: () => this.#passOn('flushHeaders', [], 'flushed'),
      addTrailers: (trailers) => this.#passOn('addTrailers', [trailers], 'trailer'),
    };
    for (const name of METHODS) {
      this.#originals.set(name, response[name] as AnyMethod);
      Object.assign(response, { [name]: this.#ours[name] });
    }
    const isBegun = () => this.#verdict !== undefined;
    const isWhole = () => this.#state === 'whole';
    Object.defineProperty(response, 'headersSent', { get: isBegun, configurable: true });
    Object.defineProperty(response, 'writableEnded', { get: isWhole, configurable: true });
    response.once('close', () => this.lose());
  }

  /** Nothing more comes of it. */
  lose(): void {
    if (this.#state !== 'held') return;
    this.#state = 'lost';
    this.#settle({ state: 'lost' });
  }

  /** The response as it was before the handler ran, for another one to be sent. */
  restore(): void {
    const response = this.#response;
    for (const [name, original] of this.#originals) Object.assign(response, { [name]: original });
    this.#unveil();
    for (const name of response.getHeaderNames()) response.removeHeader(name);
    for (const [name, value] of this.#before) response.setHeader(name, value);
  }

  /** Sends what was held back, as it is; what comes later is sent as it comes. */
  release(cacheStatus: string): void {
    const response = this.#response;
    const isWhole = this.#state === 'whole';
    this.#state = 'passed';
    for (const [name, original] of this.#originals) {
      // What an inner layer has put over ours stays there, and ours passes on what it calls.
      if (response[name] === this.#ours[name]) Object.assign(response, { [name]: original });
    }
    this.#unveil();
    response.setHeader('cache-status', cacheStatus);
    if (this.#given.length > 0) this.#original('writeHead', this.#given);
    const chunks = this.#chunks.splice(0);
    const last = isWhole ? chunks.pop() : undefined;
    for (const chunk of chunks) this.#original('write', [chunk]);
    if (isWhole) this.#original('end', last === undefined ? [] : [last]);
  }

  #unveil(): void {
    Reflect.deleteProperty(this.#response, 'headersSent');
    Reflect.deleteProperty(this.#response, 'writableEnded');
    for (const callback of this.#callbacks.splice(0)) this.#response.once('finish', callback);
  }

  #original(name: Method, args: readonly unknown[]): unknown {
    return this.#originals.get(name)?.apply(this.#response, args as unknown[]);
  }

  #writeHead(args: readonly unknown[]): unknown {
    if (this.#state === 'passed') return this.#original('writeHead', args);
    if (this.#state === 'held' && this.#verdict === undefined) {
      this.#given = args;
      this.#response.statusCode = args[0] as number;
      this.#begin();
    }
    return this.#response;
  }

  #write(args: readonly unknown[]): unknown {
    if (this.#state === 'held') this.#begin();
    if (this.#state === 'passed') return this.#original('write', args);
    if (this.#state === 'held') this.#hold(args);
    if (this.#state === 'held')
      this.#timer ??= setTimeout(this.#late, this.#watch.patience).unref();
    const callback = callbackOf(args);
    if (callback) queueMicrotask(callback);
    return true;
  }

  #end(args: readonly unknown[]): unknown {
    if (this.#state === 'held') this.#begin();
    if (this.#state === 'passed') return this.#original('end', args);
    if (this.#state === 'held') this.#hold(args);
    const callback = callbackOf(args);
    // So much was held then that it has passed.
    if ((this.#state as string) === 'passed')
      return this.#original('end', callback ? [callback] : []);
    if (callback) this.#callbacks.push(callback);
    if (this.#state === 'held') this.#finish();
    return this.#response;
  }

  /** Its head is complete: what is to become of it? */
  #begin(): void {
    if (this.#verdict !== undefined) return;
    const all = new Map([...fieldsOf(this.#response), ...fieldsGiven(this.#given)]);
    const { statusCode: status } = this.#response;
    const verdict = this.#watch.judge({ status, headers: all });
    this.#verdict = verdict;
    this.#head = { status, headers: differing(all, this.#before) };
    if (verdict.state !== 'keep' && verdict.state !== 'failed') this.#pass(verdict);
  }

  readonly #late = (): void => {
    if (this.#state === 'held') this.#pass({ state: 'pass', reason: 'slow' });
  };

  #pass(verdict: KeepVerdict): void {
    this.#settle({ state: 'passed', verdict });
    this.release(this.#watch.statusOf(verdict));
  }

  #passOn(name: Method, args: readonly unknown[], reason: string): unknown {
    if (this.#state === 'held') this.#begin();
    if (this.#state === 'held') this.#pass({ state: 'pass', reason });
    return this.#state === 'passed' ? this.#original(name, args) : undefined;
  }

  #hold(args: readonly unknown[]): void {
    const bytes = bytesOf(args);
    if (bytes === undefined) return;
    this.#chunks.push(bytes);
    this.#bytes += bytes.length;
    if (this.#bytes > this.#watch.most) this.#pass({ state: 'pass', reason: 'size' });
  }

  #finish(): void {
    const head = this.#head as ResponseHead;
    const length = fieldOf(head, 'content-length');
    const isOther = length !== undefined && Number(length) !== this.#bytes;
    this.#state = 'whole';
    if (isOther && this.#response.req.method !== 'HEAD') {
      return this.#pass({ state: 'pass', reason: 'incomplete' });
    }
    const response = { head, body: Buffer.concat(this.#chunks) };
    this.#settle({ state: 'whole', response, verdict: this.#verdict as KeepVerdict });
  }
}
