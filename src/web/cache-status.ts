/** The `Cache-Status` header (RFC 9211): what became of a request, for people who debug. No key is in it. */

import type { KeptPage } from './kept-page.ts';

const CACHE = 'threadmemo';

/** Answered without the handler; `ttl` is negative for a stale one. */
export function hitStatus(page: KeptPage, now: number): string {
  const left = Math.floor((page.storedAt + page.ttl - now) / 1000);
  return Number.isSafeInteger(left) ? `${CACHE}; hit; ttl=${left}` : `${CACHE}; hit`;
}

/** `stored`: another request was. `collapsed`: it waited for that. */
export function missStatus(how: 'stored' | 'collapsed'): string {
  return `${CACHE}; fwd=uri-miss; ${how}`;
}

/** The handler answered this request, and nothing was kept of it. */
export function passStatus(reason: string): string {
  return `${CACHE}; fwd=bypass; detail="${reason.replace(/[^\x20-\x7e]|["\\]/g, '')}"`;
}

/** A stale page instead of a handler that has failed. */
export const staleStatus = `${CACHE}; fwd=stale; detail="error"`;

/** Behind what a cache nearer to the origin has said. */
export function appended(known: unknown, status: string): string {
  return known === undefined || known === '' ? status : `${known}, ${status}`;
}
