/**
 * What all answers with one page have in common, in the forms in which they are sent the cheapest: made once, and
 * kept as long as the page itself is in this thread's memory.
 */

import { isUtf8 } from 'node:buffer';
import { isOfContent, type KeptPage } from './kept-page.ts';

/** Headers by names in lower case, as a record. */
export type Headings = Readonly<Record<string, string | readonly string[]>>;
type OwnHeadings = Record<string, string | readonly string[]>;

/** Bytes of a body that are sent together with the headers, in one piece: that costs less than two. */
const ONE_PIECE = 16_384;

/** Headers of an answer with the body, as they are for a second or so. */
export interface WholeHeadings {
  readonly age: number | undefined;
  readonly cacheStatus: string;
  readonly headings: Headings;
  /** There is a type, and no list: a framework may send them as the record that they are. */
  readonly isPlain: boolean;
}

interface Pieces {
  whole?: WholeHeadings;
  latin1?: string;
  /** `null`: the bytes are none. */
  utf8?: string | null;
}

const known = new WeakMap<KeptPage, Pieces>();

function piecesOf(page: KeptPage): Pieces {
  const pieces = known.get(page);
  if (pieces !== undefined) return pieces;
  const made = {};
  known.set(page, made);
  return made;
}

/** Those of a page that is sent with its body: a page that is asked for often has them made once a second. */
export function wholeHeadings(
  page: KeptPage,
  age: number | undefined,
  cacheStatus: string,
): WholeHeadings {
  const pieces = piecesOf(page);
  const { whole } = pieces;
  if (whole?.cacheStatus === cacheStatus && whole.age === age) return whole;
  const headings = ownHeadings(page, () => true);
  addTo(headings, age, cacheStatus);
  // What was kept of HEAD says its length itself.
  if (!page.isHead && page.status !== 204) headings['content-length'] = String(page.body.length);
  const hasLists = Object.values(headings).some((value) => typeof value !== 'string');
  const isPlain = headings['content-type'] !== undefined && !hasLists;
  pieces.whole = { age, cacheStatus, headings: Object.freeze(headings), isPlain };
  return pieces.whole;
}

/** Those of an answer that the client has it already. */
export function currentHeadings(
  page: KeptPage,
  age: number | undefined,
  cacheStatus: string,
): Headings {
  const headings = ownHeadings(page, (name) => !isOfContent(name));
  addTo(headings, age, cacheStatus);
  return headings;
}

function addTo(headings: OwnHeadings, age: number | undefined, cacheStatus: string): void {
  if (age !== undefined) headings['age'] = String(age);
  headings['cache-status'] = cacheStatus;
}

function ownHeadings({ headers }: KeptPage, isWanted: (name: string) => boolean): OwnHeadings {
  const entries: [string, string | readonly string[]][] = [];
  for (let at = 0; at < headers.length; at += 2) {
    const name = headers[at] as string;
    if (isWanted(name)) entries.push([name, headers[at + 1] as string | readonly string[]]);
  }
  return Object.fromEntries(entries);
}

/** The bytes of a small body as a text that is made of them again, by `latin1`, when it is written. */
export function latin1Of(page: KeptPage): string | undefined {
  if (page.body.length > ONE_PIECE) return undefined;
  const pieces = piecesOf(page);
  pieces.latin1 ??= page.body.toString('latin1');
  return pieces.latin1;
}

/** The same by UTF-8, for a small body that is nothing else. */
export function utf8Of(page: KeptPage): string | undefined {
  if (page.body.length > ONE_PIECE) return undefined;
  const pieces = piecesOf(page);
  if (pieces.utf8 === undefined) pieces.utf8 = isUtf8(page.body) ? page.body.toString() : null;
  return pieces.utf8 ?? undefined;
}
