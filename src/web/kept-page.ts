/** What is kept of a response, and what a client gets of that: headers, age, validators. */

import { createHash } from 'node:crypto';
import { deltaSeconds } from './cache-control.ts';
import { fieldOf, type ResponseHead } from './verdict.ts';

/** A response as memory and tiers have it. */
export interface KeptPage {
  readonly status: number;
  /** Name and value in turn; a list where a header was given more than once. */
  readonly headers: readonly (string | readonly string[])[];
  readonly body: Buffer;
  /** Of a HEAD request: there was no body to be kept. */
  readonly isHead: boolean;
  readonly etag: string;
  readonly lastModified: string;
  /** Milliseconds since 1970. */
  readonly storedAt: number;
  /** Seconds that it was old then. */
  readonly age: number;
  /** Milliseconds for which it is fresh. */
  readonly ttl: number;
  /** Milliseconds after that for which it may be answered if its handler fails. */
  readonly mostStale: number;
  /** The same while its handler makes a new one. */
  readonly mostStaleMeanwhile: number;
  readonly tags: readonly string[];
}

/** What is kept of a response that is not: for so many milliseconds its key goes to the handler. */
export interface PassMark {
  readonly pass: string;
  readonly ttl: number;
}

export interface WholeResponse {
  readonly head: ResponseHead;
  readonly body: Buffer;
}

export interface Keeping {
  readonly method: string;
  readonly ttl: number;
  readonly mostStale: number;
  readonly mostStaleMeanwhile: number;
  readonly tags: readonly string[];
  /** Milliseconds since 1970. */
  readonly storedAt: number;
}

/** Made anew for each answer, or meant for one connection. */
const LEFT_OUT = [
  'age',
  'cache-status',
  'connection',
  'content-length',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authentication-info',
  'proxy-connection',
  'te',
  'transfer-encoding',
  'upgrade',
];

export function keptPage({ head, body }: WholeResponse, keeping: Keeping): KeptPage {
  const { method, ...rest } = keeping;
  const hop = (fieldOf(head, 'connection') ?? '').toLowerCase().split(/\s*,\s*/);
  const own = [...head.headers].filter(([name]) => !LEFT_OUT.includes(name) && !hop.includes(name));
  const given = fieldOf(head, 'etag');
  // What answers HEAD has no body to tell one by.
  const etag = given ?? (method === 'GET' && head.status === 200 ? etagOf(body) : '');
  if (given === undefined && etag !== '') own.push(['etag', etag]);
  const length = fieldOf(head, 'content-length');
  if (method === 'HEAD' && length !== undefined) own.push(['content-length', length]);
  return {
    status: head.status,
    headers: own.flat(),
    body: method === 'HEAD' ? Buffer.alloc(0) : body,
    isHead: method === 'HEAD',
    etag,
    lastModified: fieldOf(head, 'last-modified') ?? '',
    age: deltaSeconds(fieldOf(head, 'age')),
    ...rest,
  };
}

/** A weak one: what compresses the body on its way out leaves it as it is. */
function etagOf(body: Buffer): string {
  return `W/"${createHash('sha1').update(body).digest('base64url')}"`;
}

/** Seconds, at a moment in milliseconds since 1970; another process's clock may be ahead. */
export function ageOf({ age, storedAt }: KeptPage, now: number): number {
  return age + Math.max(0, Math.floor((now - storedAt) / 1000));
}

/**
 * Whether it may be answered at a moment in milliseconds since 1970, by what its response said.
 * @param meanwhile milliseconds after its `ttl` in which it is answered while a new one is made
 */
export function mayBeUsed(page: KeptPage, now: number, meanwhile: number): boolean {
  const late = now - page.storedAt - page.ttl;
  if (late < 0) return true;
  return late < (late < meanwhile ? page.mostStaleMeanwhile : page.mostStale);
}

/** Whether the client has it, by what it says of the copy that it has (RFC 9110, section 13.2.2). */
export function isCurrent(
  { status, etag, lastModified }: KeptPage,
  ifNoneMatch: string | undefined,
  ifModifiedSince: string | undefined,
): boolean {
  if (status !== 200) return false;
  if (ifNoneMatch !== undefined) {
    if (ifNoneMatch.trim() === '*') return true;
    return etag !== '' && tagsIn(ifNoneMatch).includes(withoutWeakness(etag));
  }
  if (ifModifiedSince === undefined || lastModified === '') return false;
  const [known, modified] = [Date.parse(ifModifiedSince), Date.parse(lastModified)];
  return modified <= known;
}

/** A tag may have a comma in it. */
function tagsIn(list: string): readonly string[] {
  return list.match(/"[^"]*"/g) ?? [];
}

function withoutWeakness(etag: string): string {
  return etag.startsWith('W/') ? etag.slice(2) : etag;
}

const OF_CONTENT = [
  'content-length',
  'content-type',
  'content-encoding',
  'content-language',
  'content-range',
];

/** Whether a header describes the body, which a 304 does not have. */
export function isOfContent(name: string): boolean {
  return OF_CONTENT.includes(name);
}
