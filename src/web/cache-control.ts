/**
 * What a response says about how long it may be kept, read as strictly as it can be meant: of two values
 * the shorter, of one that is no number none at all (RFC 9111, sections 4.2.1 and 5.2.2).
 *
 * `CDN-Cache-Control` (RFC 9213) is meant for caches between this one and the client. What it forbids is
 * not done here either; it permits nothing that `Cache-Control` forbids.
 */

import { dateNow } from '../runtime/globals.ts';

export interface CacheControl {
  /** `private`, `no-store` or `no-cache`, with field names or without. */
  readonly forbids: string | undefined;
  /** Seconds for which it is fresh; `undefined`: it does not say. */
  readonly lifetime: number | undefined;
  /** Seconds after its lifetime for which it may stand in for a handler that fails. */
  readonly mostStale: number;
  /** The same while it is made anew. */
  readonly mostStaleMeanwhile: number;
}

type Directives = ReadonlyMap<string, readonly (string | undefined)[]>;

const NONE: Directives = new Map();
const FORBIDDEN = ['private', 'no-store', 'no-cache'];
const STRICT = ['must-revalidate', 'proxy-revalidate', 's-maxage'];
/** Seconds; what is beyond is as good (RFC 9111, section 1.2.2). */
const LONGEST = 2 ** 31;

/** @param header the response's headers, by names in lower case */
export function cacheControlOf(header: (name: string) => string | undefined): CacheControl {
  const own = directivesOf(header('cache-control'));
  const targeted = directivesOf(header('cdn-cache-control'));
  const forbids = FORBIDDEN.find((each) => own.has(each) || targeted.has(each));
  // Of a shared cache: s-maxage counts before max-age, and both before Expires.
  const ofOwn = seconds(own, 's-maxage') ?? seconds(own, 'max-age') ?? untilExpiry(header);
  const ofTargeted = seconds(targeted, 's-maxage') ?? seconds(targeted, 'max-age');
  // With these a stale one must not be used.
  const isStrict = STRICT.some((each) => own.has(each) || targeted.has(each));
  return {
    forbids,
    lifetime: shorter(ofOwn, ofTargeted),
    mostStale: isStrict ? 0 : (seconds(own, 'stale-if-error') ?? Number.POSITIVE_INFINITY),
    mostStaleMeanwhile: isStrict
      ? 0
      : (seconds(own, 'stale-while-revalidate') ?? Number.POSITIVE_INFINITY),
  };
}

/** Names in lower case. */
export function directivesOf(value: string | undefined): Directives {
  if (value === undefined) return NONE;
  const found = new Map<string, (string | undefined)[]>();
  // A quoted value may contain commas.
  for (const [, name, quoted, plain] of value.matchAll(
    /([^\s,="]+)\s*(?:=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,]*)))?/g,
  )) {
    const lower = (name as string).toLowerCase();
    found.set(lower, [...(found.get(lower) ?? []), quoted ?? plain]);
  }
  return found;
}

/** The least of those given; 0 for what is no number. */
function seconds(directives: Directives, name: string): number | undefined {
  const values = directives.get(name);
  if (values === undefined) return undefined;
  return Math.min(...values.map((value) => deltaSeconds(value)));
}

/** Zero when it is no number. */
export function deltaSeconds(value: string | undefined): number {
  return value !== undefined && /^\d+$/.test(value) ? Math.min(Number(value), LONGEST) : 0;
}

/** A date that cannot be read, such as `0` or `-1`, has passed. */
function untilExpiry(header: (name: string) => string | undefined): number | undefined {
  const expires = header('expires');
  if (expires === undefined) return undefined;
  const date = Date.parse(header('date') ?? '');
  const from = Number.isNaN(date) ? dateNow() : date;
  const seconds = Math.floor((httpDate(expires) - from) / 1000);
  return Number.isNaN(seconds) ? 0 : Math.min(Math.max(seconds, 0), LONGEST);
}

/** Without this, `Date.parse` makes a year of `0` and of `-1`. */
function httpDate(text: string): number {
  return /[a-z]{3}/i.test(text) ? Date.parse(text) : Number.NaN;
}

function shorter(a: number | undefined, b: number | undefined): number | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return Math.min(a, b);
}
