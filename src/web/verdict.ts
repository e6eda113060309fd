/**
 * May a response be kept, for whom it was not made? The head alone tells, before its first byte is held
 * back; how large it becomes, and whether it comes whole, is seen later.
 */

import { cacheControlOf, deltaSeconds } from './cache-control.ts';
import { FORWARDED, type KeyedRequest } from './route-key.ts';

/** A response without its body. */
export interface ResponseHead {
  readonly status: number;
  /** Names in lower case; a list only where a header was given more than once. */
  readonly headers: ReadonlyMap<string, string | readonly string[]>;
}

export type KeepVerdict =
  /**
   * For so many milliseconds; and stale, if the handler fails, or while it makes a new one, for at most so
   * many more.
   */
  | {
      readonly state: 'keep';
      readonly ttl: number;
      readonly mostStale: number;
      readonly mostStaleMeanwhile: number;
    }
  /** The route answers so by intent, and will again. */
  | { readonly state: 'pass'; readonly reason: string }
  /** This time there was no answer of the kind that is kept. */
  | { readonly state: 'unsuccessful' }
  /** The handler has failed; an older answer may be better. */
  | { readonly state: 'failed' };

export interface VerdictRules {
  /** Milliseconds. */
  readonly ttl: number;
  readonly vary: readonly string[];
  readonly cookies: 'bypass' | 'ignore' | readonly string[];
  /** Bytes. */
  readonly maxBodySize: number;
}

/** Those whose meaning does not depend on what else there is. */
const KEPT = [200, 203, 204];
/** By these a client was recognised, or shall be; or the body is only half of it. */
const PERSONAL = ['set-cookie', 'set-cookie2', 'clear-site-data', 'www-authenticate', 'trailer'];

export function verdictOn(
  head: ResponseHead,
  request: KeyedRequest,
  rules: VerdictRules,
): KeepVerdict {
  const { status } = head;
  if (status >= 500) return { state: 'failed' };
  if (status === 206) return pass('content-range');
  if (!KEPT.includes(status)) return { state: 'unsuccessful' };
  const header = (name: string) => fieldOf(head, name);
  const personal = PERSONAL.find((name) => header(name) !== undefined);
  if (personal !== undefined) return pass(personal);
  const reason =
    variesBy(header('vary'), rules) ??
    encodedFor(header('content-encoding'), rules) ??
    allowsOnly(header('access-control-allow-origin'), request, rules) ??
    madeFor(header);
  if (reason !== undefined) return pass(reason);
  if (deltaSeconds(header('content-length')) > rules.maxBodySize) return pass('size');
  return lasting(header, rules);
}

const pass = (reason: string): KeepVerdict => ({ state: 'pass', reason });

/** One text, as RFC 9110 joins what was given more than once. */
export function fieldOf({ headers }: ResponseHead, name: string): string | undefined {
  const value = headers.get(name);
  return value === undefined || typeof value === 'string' ? value : value.join(', ');
}

/** A name that the key does not contain, or `*`, which no key can. */
function variesBy(vary: string | undefined, rules: VerdictRules): string | undefined {
  if (vary === undefined) return undefined;
  const isKeyed = (name: string) =>
    rules.vary.includes(name) ||
    (FORWARDED as readonly string[]).includes(name) ||
    name === 'host' ||
    (name === 'cookie' && typeof rules.cookies !== 'string');
  const names = vary.split(',').map((name) => name.trim().toLowerCase());
  const missing = names.find((name) => name !== '' && !isKeyed(name));
  return missing === undefined ? undefined : `vary: ${missing}`;
}

/** For what one client accepts, and the next one may not. */
function encodedFor(encoding: string | undefined, { vary }: VerdictRules): string | undefined {
  if (encoding === undefined || encoding.toLowerCase() === 'identity') return undefined;
  return vary.includes('accept-encoding') ? undefined : 'content-encoding';
}

/** One origin's permission, from a handler that does not say that it depends on the origin. */
function allowsOnly(
  origin: string | undefined,
  request: KeyedRequest,
  { vary }: VerdictRules,
): string | undefined {
  const isReflected = origin !== undefined && origin !== '*' && request.header('origin') === origin;
  return isReflected && !vary.includes('origin') ? 'origin' : undefined;
}

/** A nonce is for one page view; a stream has no end that is worth waiting for. */
function madeFor(header: (name: string) => string | undefined): string | undefined {
  const policy = `${header('content-security-policy') ?? ''}${header('content-security-policy-report-only') ?? ''}`;
  if (policy.includes("'nonce-")) return 'nonce';
  const type = header('content-type')?.toLowerCase() ?? '';
  if (/^\s*(text\/event-stream|multipart\/x-mixed-replace)/.test(type)) return 'stream';
  return undefined;
}

function lasting(header: (name: string) => string | undefined, { ttl }: VerdictRules): KeepVerdict {
  const { forbids, lifetime, ...stale } = cacheControlOf(header);
  if (forbids !== undefined) return pass(forbids);
  if (lifetime === undefined && ttl === Number.POSITIVE_INFINITY) return pass('no lifetime');
  // Its age when it came here, from a cache behind the handler.
  const age = deltaSeconds(header('age'));
  const left = lifetime === undefined ? ttl : Math.min(ttl, (lifetime - age) * 1000);
  if (left <= 0) return pass('expired');
  const mostStale = stale.mostStale * 1000;
  return {
    state: 'keep',
    ttl: left,
    mostStale,
    mostStaleMeanwhile: stale.mostStaleMeanwhile * 1000,
  };
}
