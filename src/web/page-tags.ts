/** Which tags a page has: those that a function of the user's chose when it was made, kept with it. */

import { marksOf } from '../tags/tags.ts';
import type { KeptPage, PassMark } from './kept-page.ts';
import type { RouteOptions } from './route-options.ts';
import type { ResponseHead } from './verdict.ts';

/**
 * What a function says; a list is the memoized function's own.
 * @throws {OptionError} for what can be no tags; and what the function throws
 */
export function chosenTags(
  tags: RouteOptions['tags'],
  request: unknown,
  { status, headers }: ResponseHead,
): readonly string[] {
  if (typeof tags !== 'function') return [];
  const found = tags(request as never, { status, headers: Object.fromEntries(headers) });
  marksOf('what `tags` returns', found);
  return found;
}

export function tagsIn(kept: KeptPage | PassMark): readonly string[] {
  return 'pass' in kept ? [] : kept.tags;
}
