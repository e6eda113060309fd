/** One request for the page, and how it is answered, whatever the framework. */

import type { EventStream } from './viewers.ts';

export interface PageVisit {
  readonly method: string;
  /** What follows the path. */
  readonly query: URLSearchParams;
  header(name: string): string | undefined;
  /** Called once, unless `stream` is. */
  send(status: number, headers: PageHeaders, body: string): void;
  stream(headers: PageHeaders): EventStream;
}

export type PageHeaders = Readonly<Record<string, string>>;

/** Of a path with a query, or of a whole address. */
export function queryOf(url: string | undefined): URLSearchParams {
  const at = url?.indexOf('?') ?? -1;
  return new URLSearchParams(at < 0 ? '' : url?.slice(at));
}
