/**
 * A cached route: the core that knows no framework. Its pages are the values of one memoized function,
 * whose argument is the key of a request and which the asking thread computes, by the handler of one of
 * the requests that wait. So single flight, memory, tiers, tags and statistics are those of any function.
 *
 * What cannot be kept goes to the one client whose handler has made it; the others, who may not have it,
 * run the handler themselves, and so do those who come soon after, because the route answers like that
 * by intent. An answer that is no success says nothing of the next one: there the key does not pass.
 *
 * A request that finds its page in memory is answered before `handle` returns. A stale page is made anew by
 * that request once more, through the whole application (`renewals.ts`).
 *
 * Invariant: each request is answered once, by exactly one of `pass`, `run` (and then `release`, or
 * `send`), `send` and `fail` of its exchange; a failure of the cache itself is a request that passes.
 */

import { dateOfValues, findNow, memoizeFor } from '../api/memoize.ts';
import type { Memoized } from '../api/memoized.ts';
import { canonicalKey } from '../keys/canonical.ts';
import { wrong } from '../options.ts';
import type { FunctionStats } from '../protocol.ts';
import { directivesOf } from './cache-control.ts';
import { hitStatus, missStatus, passStatus, staleStatus } from './cache-status.ts';
import type { Exchange, RunEnd, Watch } from './exchange.ts';
import { ageOf, type KeptPage, keptPage, mayBeUsed, type PassMark } from './kept-page.ts';
import { chosenTags, tagsIn } from './page-tags.ts';
import { type Expected, PageRenewals } from './renewals.ts';
import { type KeyParts, routeKey } from './route-key.ts';
import { nameOfRoute } from './route-names.ts';
import type { ResolvedRouteOptions } from './route-options.ts';
import { reasonToPass } from './unkept-requests.ts';
import { type KeepVerdict, verdictOn } from './verdict.ts';
import { Visit, Visits } from './visit.ts';

/** Milliseconds for which a key passes whose answer must not be kept. */
const PASS_MS = 10_000;
/** Milliseconds in which a body that has begun must be whole: some streams have no end. */
const PATIENCE_MS = 10_000;
/** Of what is stored: another number when its shape changes. */
const FORMAT = 2;
const LOST = 'ERR_THREADMEMO_ROUTE_LOST';
const FAILED = 'ERR_THREADMEMO_ROUTE_FAILED';

type Kept = KeptPage | PassMark;

/** What has happened to a route's requests. */
export interface RouteStats extends FunctionStats {
  /** Requests that the handler has answered with nothing kept, by the reason. */
  readonly passed: Readonly<Record<string, number>>;
}

export class Route {
  readonly #options: ResolvedRouteOptions;
  readonly #pages: Memoized<(key: string) => Promise<Kept>>;
  readonly #visits = new Visits();
  /** Only with `staleWhileRevalidate`. */
  readonly #renewals: PageRenewals | undefined;
  readonly #parts: KeyParts;
  readonly #passed: Record<string, number> = Object.create(null);

  /** @param home what the user has imported: the first part of its id */
  constructor(home: string, options: ResolvedRouteOptions) {
    this.#options = options;
    if (options.meanwhile > 0) this.#renewals = new PageRenewals();
    const { version, tags, windows } = options;
    const { vary, cookies } = options;
    this.#parts = { vary, cookies: typeof cookies === 'string' ? undefined : cookies };
    this.#pages = memoizeFor(home, import.meta.url, (key: string) => this.#make(key), {
      name: nameOfRoute(options.name),
      ...(version !== undefined && { version: `${version}/${FORMAT}` }),
      thread: 'caller',
      values: 'frozen',
      ttl: ({ ttl }) => ttl,
      ...windows,
      ...(tags !== undefined && { tags: typeof tags === 'function' ? tagsIn : tags }),
    });
  }

  get id(): string {
    return this.#pages.id;
  }

  stats(): RouteStats {
    return { ...this.#pages.stats(), passed: { ...this.#passed } };
  }

  clear(): Promise<void> {
    return this.#pages.clear();
  }

  /** Answers a request, from the cache or by its handler. */
  handle(exchange: Exchange): void {
    try {
      const expected = this.#renewals?.take(exchange.token);
      if (expected) return this.#renew(exchange, expected);
      const reason = this.#reasonToPass(exchange) ?? this.#look(exchange);
      if (reason !== undefined) this.#pass(exchange, reason);
    } catch (error) {
      exchange.fail(error);
    }
  }

  #reasonToPass(exchange: Exchange): string | undefined {
    const { key, when } = this.#options;
    const { request } = exchange;
    const keyReads = (header: string) =>
      key !== undefined && exchange.reads(header, () => key(request));
    const reason = reasonToPass(exchange, this.#options, keyReads);
    if (reason !== undefined || when === undefined) return reason;
    const isWanted = when(request);
    if (typeof isWanted !== 'boolean')
      throw wrong('what `when` returns', isWanted, 'true or false');
    return isWanted ? undefined : 'when';
  }

  /** @returns why it passes after all */
  #look(exchange: Exchange): string | undefined {
    const { honorNoCache } = this.#options;
    const place = this.#placeOf(exchange);
    if (place === null) return 'key';
    const own = routeKey(exchange, exchange.method, this.#parts, place);
    if (exchange.method === 'HEAD') {
      const ofGet = routeKey(exchange, 'GET', this.#parts, place);
      if (this.#sendKnown(exchange, ofGet)) return undefined;
    }
    const asked = directivesOf(exchange.header('cache-control'));
    if (asked.has('no-store') && !this.#sendKnown(exchange, own)) return 'no-store';
    if (asked.has('no-store')) return undefined;
    const isReload = asked.has('no-cache') || asked.get('max-age')?.[0] === '0';
    const found = honorNoCache && isReload ? 'old' : this.#sendFound(exchange, own);
    if (found === 'sent') return undefined;
    void this.#ask(this.#visit(exchange, own), found === 'old');
    return undefined;
  }

  /** What the `key` option says; `null`: that the request passes. */
  #placeOf({ request }: Exchange): string | undefined | null {
    const { key } = this.#options;
    if (key === undefined) return undefined;
    const chosen = key(request);
    return chosen === undefined ? null : canonicalKey([chosen]);
  }

  /**
   * Answers at once with what this thread finds. `old`: there is something that does not do, because its response
   * forbids that, or because it is to be made anew and only a client's request can do that here.
   */
  #sendFound(exchange: Exchange, key: string): 'sent' | 'old' | 'missed' {
    const found = findNow(this.#pages, key);
    if (found.state === 'missed') return 'missed';
    const kept = found.value;
    if ('pass' in kept) {
      this.#pass(exchange, kept.pass);
      return 'sent';
    }
    const now = dateOfValues();
    if (!mayBeUsed(kept, now, this.#options.meanwhile)) return 'old';
    if (found.state === 'due') {
      const again = exchange.again();
      if (again === undefined) return 'old';
      // Before its renewal begins, which is in a turn of its own.
      this.#renewals?.note(key, again);
    }
    exchange.send(kept, ageOf(kept, now), hitStatus(kept, now));
    return 'sent';
  }

  /** A request that the route itself has asked once more, to make a page anew. */
  #renew(exchange: Exchange, { key, arrive }: Expected): void {
    const place = this.#reasonToPass(exchange) === undefined ? this.#placeOf(exchange) : null;
    const isIts = place !== null && routeKey(exchange, exchange.method, this.#parts, place) === key;
    if (!isIts) {
      arrive(undefined);
      return this.#pass(exchange, 'refresh');
    }
    const visit = this.#visit(exchange, key);
    void visit.end.then((end) => this.#endOwn(visit, end, undefined)).catch(() => {});
    arrive(visit);
  }

  /** What memory has, without anything being made. */
  #sendKnown(exchange: Exchange, key: string): boolean {
    const kept = this.#pages.peek(key);
    if (kept === undefined || 'pass' in kept) return false;
    const now = dateOfValues();
    if (!mayBeUsed(kept, now, this.#options.meanwhile)) return false;
    exchange.send(kept, ageOf(kept, now), hitStatus(kept, now));
    return true;
  }

  #visit(exchange: Exchange, key: string): Visit {
    const watch: Watch = {
      judge: (head) => verdictOn(head, exchange, this.#options),
      statusOf: (verdict) => passStatus(reasonOf(verdict)),
      most: this.#options.maxBodySize,
      patience: PATIENCE_MS,
    };
    return new Visit(exchange, key, dateOfValues(), watch);
  }

  /** Never rejects. */
  async #ask(visit: Visit, isReload: boolean): Promise<void> {
    try {
      const { kept, error } = await this.#pageFor(visit, isReload);
      if (visit.hasBegun) this.#endOwn(visit, await visit.end, kept);
      else if (kept !== undefined) this.#answer(visit, kept);
      else await this.#unanswered(visit, error);
    } catch (error) {
      visit.exchange.fail(error);
    }
  }

  async #pageFor(visit: Visit, isReload: boolean): Promise<{ kept?: Kept; error?: unknown }> {
    const pages = isReload ? this.#pages.with({ forceRefresh: true }) : this.#pages;
    this.#visits.add(visit);
    try {
      return { kept: await pages(visit.key) };
    } catch (error) {
      return { error };
    } finally {
      this.#visits.delete(visit);
    }
  }

  /** The memoized function: has one of the waiting requests make the page. */
  async #make(key: string): Promise<Kept> {
    const visit = this.#visits.next(key) ?? (await this.#renewals?.begin(key));
    if (visit === undefined) throw failure(LOST, 'no request of this thread waits for the page');
    const end = await visit.begin();
    if (end.state === 'passed') {
      const { verdict } = end;
      return { pass: reasonOf(verdict), ttl: verdict.state === 'pass' ? PASS_MS : 0 };
    }
    if (end.state === 'whole' && end.verdict.state === 'keep') return this.#pageOf(visit, end);
    if (end.state === 'lost')
      throw failure(LOST, 'the client has gone before its response was made');
    throw failure(FAILED, 'the handler has failed');
  }

  #pageOf(visit: Visit, { response, verdict }: Extract<RunEnd, { state: 'whole' }>): KeptPage {
    if (visit.page !== undefined) return visit.page;
    const { method, request } = visit.exchange;
    const { state: _, ...lasting } = verdict as Extract<KeepVerdict, { state: 'keep' }>;
    const tags = chosenTags(this.#options.tags, request, response.head);
    visit.page = keptPage(response, { ...lasting, method, tags, storedAt: dateOfValues() });
    return visit.page;
  }

  #answer({ exchange, arrivedAt }: Visit, kept: Kept): void {
    if ('pass' in kept) return this.#pass(exchange, kept.pass);
    const now = dateOfValues();
    if (!mayBeUsed(kept, now, this.#options.meanwhile)) return this.#pass(exchange, 'stale');
    const hasWaited = kept.storedAt > arrivedAt;
    const status = hasWaited ? missStatus('collapsed') : hitStatus(kept, now);
    exchange.send(kept, ageOf(kept, now), status);
  }

  /** The page could not be had. */
  async #unanswered(visit: Visit, error: unknown): Promise<void> {
    const { exchange } = visit;
    const code = (error as { code?: unknown } | undefined)?.code;
    // Its client went away: another request's handler runs for those that are still there.
    if (code === LOST) return exchange.isGone ? undefined : this.#ask(visit, false);
    if (code === 'ERR_THREADMEMO_OPTION') return exchange.fail(error);
    this.#pass(exchange, code === FAILED ? 'status' : 'cache');
  }

  /** @param kept what there is of the key, which may be older */
  #endOwn(visit: Visit, end: RunEnd, kept: Kept | undefined): void {
    const { exchange } = visit;
    if (end.state === 'lost') return;
    if (end.state === 'passed') return this.#count(reasonOf(end.verdict));
    if (end.state === 'whole' && end.verdict.state === 'keep') {
      const page = this.#pageOf(visit, end);
      return exchange.send(page, page.age || undefined, missStatus('stored'));
    }
    if (kept !== undefined && !('pass' in kept) && kept.mostStale > 0) {
      return exchange.send(kept, ageOf(kept, dateOfValues()), staleStatus);
    }
    this.#count('status');
    exchange.release(passStatus('status'));
  }

  #pass(exchange: Exchange, reason: string): void {
    this.#count(reason);
    exchange.pass(reason === 'method' ? undefined : passStatus(reason));
  }

  #count(reason: string): void {
    this.#passed[reason] = (this.#passed[reason] ?? 0) + 1;
  }
}

function reasonOf(verdict: KeepVerdict): string {
  return verdict.state === 'pass' ? verdict.reason : 'status';
}

/** The code is what is left of it when it has crossed to the callers. */
function failure(code: string, message: string): Error {
  return Object.assign(new Error(message), { code });
}
