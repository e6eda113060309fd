/** What a cache has for a call, in words. */

import type { EntryOnDisk } from '../disk.ts';
import type { Explanation } from '../protocol.ts';
import { printable } from '../text/printable.ts';
import type { OtherCode } from './code-changes.ts';
import { age, duration, grouped, size } from './wording.ts';

/** What the cache has for a call. Dates in milliseconds since 1970. */
export interface CacheExplanation {
  readonly functionId: string;
  readonly state: Explanation['state'];
  /** Why there is nothing that a call would be answered with. */
  readonly reason?: 'expired' | 'tag' | 'unreadable' | 'code changed' | 'never';
  /** The record of the call, if there is one of this code, of use or not. */
  readonly entry?: Omit<EntryOnDisk, 'key'>;
  /** Its tags. */
  readonly tags?: readonly string[];
  /** For `code changed`. */
  readonly code?: OtherCode;
  /** For `never`: of the most similar call that has a record. */
  readonly nearest?: string;
  /** For `never`: calls of the function that have one. */
  readonly calls?: number;
  /** Those among them whose arguments are too long to be in a key. */
  readonly unreadableCalls?: number;
}

/** @param now in milliseconds since 1970 */
export function explanationText(found: CacheExplanation, cache: string, now: number): string {
  const { functionId, state, reason } = found;
  const what = state === 'missing' ? `missing: ${reason}` : state;
  return [`${printable(functionId)} in ${printable(cache)}: ${what}`, ...reasons(found, now)].join(
    '\n',
  );
}

function reasons(found: CacheExplanation, now: number): readonly string[] {
  const { entry, reason, code, tags = [] } = found;
  const tagged = tags.length > 0 ? [`tags: ${tags.map(printable).join(', ')}`] : [];
  const stored = entry ? [storedText(entry, now)] : [];
  switch (reason) {
    case undefined:
      return [...stored, ...tagged];
    case 'expired':
      return stored;
    case 'tag':
      return [
        ...stored,
        'one of its tags, or what it depends on, was invalidated since',
        ...tagged,
      ];
    case 'unreadable':
      return [...stored, '`threadmemo cache verify` says whether records are damaged'];
    case 'code changed':
      return code ? codeText(code, now) : [];
    default:
      return neverText(found);
  }
}

function storedText(entry: NonNullable<CacheExplanation['entry']>, now: number): string {
  const { storedAt, expiresAt, ms, bytes, hits } = entry;
  const end = Number.isFinite(expiresAt)
    ? expiresAt <= now
      ? `expired ${ago(now - expiresAt)}`
      : `expires in ${age(expiresAt - now)}`
    : 'never expires';
  const used = hits === 1 ? 'used once' : `used ${grouped(hits)} times`;
  return `stored ${ago(now - storedAt)}, ${end}; took ${duration(ms)}, ${size(bytes)}, ${used}`;
}

function ago(ms: number): string {
  return ms < 1000 ? 'just now' : `${age(ms)} ago`;
}

function codeText({ version, present, storedAt, changes }: OtherCode, now: number): string[] {
  const first = `stored ${ago(now - storedAt)} by version ${printable(version)} of the function; it is ${printable(present)} now`;
  if (!changes) return [first];
  const { changed, added, removed, packagesBefore, packagesNow, conditions } = changes;
  const lines = [
    ...changed.map((file) => `changed: ${printable(file)}`),
    ...added.map((file) => `new: ${printable(file)}`),
    ...removed.map((file) => `no longer loaded: ${printable(file)}`),
    ...packagesBefore.map((each) => `before: ${printable(each)}`),
    ...packagesNow.map((each) => `now: ${printable(each)}`),
    ...(conditions
      ? ['the conditions by which packages are entered (`--conditions`, version of Node)']
      : []),
  ];
  return [
    first,
    ...(lines.length > 0 ? lines : ['no file differs: a tsconfig.json, or esbuild, may']),
  ];
}

function neverText({ nearest, calls = 0, unreadableCalls = 0 }: CacheExplanation): string[] {
  if (calls === 0) return ['there is nothing of this function'];
  const others = calls === 1 ? '1 other call' : `${grouped(calls)} other calls`;
  const long =
    unreadableCalls > 0
      ? [`the arguments of ${grouped(unreadableCalls)} of them are too long to be compared`]
      : [];
  const similar = nearest === undefined ? [] : [`the most similar one differs in ${nearest}`];
  return [`there are ${others}`, ...similar, ...long];
}
