/** A request to a handler of the web's own kind, which takes a `Request` and returns a `Response`. */

import { appended } from './cache-status.ts';
import type { Again, Exchange, RunEnd, Watch } from './exchange.ts';
import { readUpTo, remaining } from './fetch-body.ts';
import { isCurrent, type KeptPage } from './kept-page.ts';
import { differing, type Fields, fieldsIn } from './node-fields.ts';
import { currentHeadings, type Headings, utf8Of, wholeHeadings } from './page-pieces.ts';

/** How a framework goes on. */
export interface FetchGoing {
  /** To the handler, with the request that it is to see. */
  next(request: Request): Promise<Response>;
  /** Headers that it has in store for the response, whichever side makes that. */
  headers(): Fields;
  /** How the same request is asked once more, where that can be done. */
  again(): Again | undefined;
  /**
   * Makes the response to a request that the handler does not see.
   * @param isPlain a framework may send the headings as the record that they are
   */
  respond(
    body: Buffer | string | null,
    status: number,
    headings: Headings,
    isPlain: boolean,
  ): Response;
}

const CONDITIONS = ['if-none-match', 'if-modified-since'];

export class FetchExchange implements Exchange {
  readonly request: unknown;
  readonly token: object;
  readonly method: string;
  readonly scheme: string;
  readonly host: string;
  readonly url: string;
  readonly rewritten = undefined;
  readonly isMethodReplaced = false;
  readonly isClientKnown = false;
  /** The handler's run does not hang on its client. */
  readonly isGone = false;
  readonly #web: Request;
  readonly #going: FetchGoing;
  #before: Fields | undefined;
  #made: (() => Response) | undefined;
  #error: { readonly thrown: unknown } | undefined;
  #answer: Promise<Response> | undefined;
  #isSettled = false;
  #resolve: ((response: Response | Promise<Response>) => void) | undefined;

  /**
   * @param request as the framework has it
   * @param token see {@link Exchange}
   */
  constructor(web: Request, going: FetchGoing, request: unknown, token: object) {
    this.token = token;
    this.#web = web;
    this.#going = going;
    this.request = request;
    this.method = web.method;
    const { scheme, host, url } = partsOf(web.url);
    const named = web.headers.get('host') ?? host;
    this.scheme = scheme;
    this.host = named === host ? host : `${host} ${named}`;
    this.url = url;
  }

  /** Settles once, and with a failure only if the handler fails, or the user's options do. */
  get answered(): Promise<Response> {
    this.#answer ??= new Promise((resolve) => {
      this.#resolve = resolve;
    });
    return this.#answer;
  }

  /** What was there before anything waited for it needs no promise but its own. */
  #settle(response: Response | Promise<Response>): void {
    if (this.#isSettled) return;
    this.#isSettled = true;
    if (this.#resolve) this.#resolve(response);
    else this.#answer = Promise.resolve(response);
  }

  header(name: string): string | undefined {
    return this.#web.headers.get(name) ?? undefined;
  }

  again(): Again | undefined {
    return this.#going.again();
  }

  reads(header: string, run: () => unknown): boolean {
    const { headers } = this.#web;
    const get = headers.get.bind(headers);
    let isRead = false;
    const tracked = (name: string) => {
      isRead ||= name.toLowerCase() === header;
      return get(name);
    };
    Object.defineProperty(headers, 'get', { value: tracked, configurable: true });
    try {
      run();
    } finally {
      Reflect.deleteProperty(headers, 'get');
    }
    return isRead;
  }

  pass(cacheStatus: string | undefined): void {
    const answered = this.#going.next(this.#web);
    if (cacheStatus === undefined) return this.#settle(answered);
    this.#settle(answered.then((response) => withStatus(response, cacheStatus)));
  }

  async run(watch: Watch): Promise<RunEnd> {
    try {
      this.#before = this.#going.headers();
      const end = await this.#watched(await this.#going.next(this.#unconditional()), watch);
      const isAnswer = end.state !== 'whole' || end.verdict.state === 'keep';
      return this.#web.signal.aborted && !isAnswer ? this.#lost() : end;
    } catch (thrown) {
      this.#error = { thrown };
      return this.#web.signal.aborted ? this.#lost() : { state: 'threw', error: thrown };
    }
  }

  /** Its client has gone; but the framework waits for an answer. */
  #lost(): RunEnd {
    this.#release();
    return { state: 'lost' };
  }

  async #watched(response: Response, watch: Watch): Promise<RunEnd> {
    const all = fieldsIn(pairsOf(response.headers));
    const { status } = response;
    const verdict = watch.judge({ status, headers: all });
    const passed = (reason: typeof verdict, rest: Response): RunEnd => {
      this.#settle(withStatus(rest, watch.statusOf(reason)));
      return { state: 'passed', verdict: reason };
    };
    if (verdict.state !== 'keep' && verdict.state !== 'failed') return passed(verdict, response);
    const read = await readUpTo(response.body, watch.most, watch.patience);
    if (read.state !== 'whole') {
      const rest = new Response(remaining(read), response);
      return passed({ state: 'pass', reason: read.state }, rest);
    }
    const { bytes: body } = read;
    this.#made = () =>
      new Response(isEmpty(status) ? null : (body as Uint8Array<ArrayBuffer>), response);
    const head = { status, headers: differing(all, this.#before ?? new Map()) };
    return { state: 'whole', response: { head, body }, verdict };
  }

  #unconditional(): Request {
    if (!CONDITIONS.some((name) => this.#web.headers.has(name))) return this.#web;
    return new Request(this.#web, { headers: unconditional(this.#web.headers) });
  }

  release(cacheStatus: string): void {
    if (this.#made)
      this.#made = (
        (made) => () =>
          withStatus(made(), cacheStatus)
      )(this.#made);
    this.#release();
  }

  #release(): void {
    if (this.#made) this.#settle(this.#made());
    else this.fail(this.#error?.thrown);
  }

  send(page: KeptPage, age: number | undefined, cacheStatus: string): void {
    if (isCurrent(page, this.header('if-none-match'), this.header('if-modified-since'))) {
      const headings = this.#onTop(currentHeadings(page, age, cacheStatus));
      return this.#settle(this.#going.respond(null, 304, headings, false));
    }
    const { headings, isPlain } = wholeHeadings(page, age, cacheStatus);
    const { status } = page;
    const body = isEmpty(status) || this.method === 'HEAD' ? null : (utf8Of(page) ?? page.body);
    this.#settle(this.#going.respond(body, status, this.#onTop(headings), isPlain));
  }

  /** Of what was there before the handler ran, if it did. */
  #onTop(headings: Headings): Headings {
    if (!this.#before) return headings;
    const before = Object.fromEntries(this.#before);
    const status = appended(before['cache-status'], headings['cache-status'] as string);
    return { ...before, ...headings, 'cache-status': status };
  }

  fail(error: unknown): void {
    if (!this.#isSettled) this.#settle(Promise.reject(error));
  }
}

/** Without what only one client asks. */
export function unconditional(from: Headers): Headers {
  const headers = new Headers(from);
  for (const name of CONDITIONS) headers.delete(name);
  return headers;
}

/** Of a web request's address, which is absolute. */
function partsOf(address: string): { scheme: string; host: string; url: string } {
  const afterScheme = address.indexOf('://');
  const start = afterScheme + 3;
  const slash = address.indexOf('/', start);
  const hash = address.indexOf('#', start);
  const end = hash === -1 ? address.length : hash;
  const path = slash === -1 ? end : slash;
  return {
    scheme: address.slice(0, afterScheme),
    host: address.slice(start, path),
    url: address.slice(path, end),
  };
}

/** Each cookie comes by itself. */
function pairsOf(headers: Headers): [string, string][] {
  return [...(headers as unknown as Iterable<[string, string]>)];
}

function isEmpty(status: number): boolean {
  return status === 204 || status === 304;
}

/** What was fetched elsewhere has headers that cannot be changed. */
function withStatus(response: Response, cacheStatus: string): Response {
  try {
    response.headers.set('cache-status', cacheStatus);
    return response;
  } catch {
    const own = new Response(response.body, response);
    own.headers.set('cache-status', cacheStatus);
    return own;
  }
}
