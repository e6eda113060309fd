/**
 * Tags: what may be one, and how names of the user's and of our own are told apart.
 *
 * Everywhere behind the options a tag is a *mark*: a text whose first letter says what it is of. So no
 * tag of a user's, whatever is in it, is taken for one that stands for a key or a function.
 */

import { OptionError } from '../errors.ts';
import { shown } from '../text/shown.ts';

/** Of one entry. */
export const MOST_TAGS = 128;
/** Characters of one tag. */
const LONGEST_TAG = 256;

const TAG = 't';

/**
 * The marks of an entry's tags, each once.
 * @param what names the list in errors
 * @throws {OptionError}
 */
export function marksOf(what: string, tags: unknown): readonly string[] {
  const marks = [...new Set(checked(what, tags))].map((tag) => TAG + tag);
  if (marks.length <= MOST_TAGS) return marks;
  throw new OptionError(
    `${what} has ${marks.length} tags; an entry can have ${MOST_TAGS} at most: give it fewer, or one for a ` +
      'group of them',
  );
}

/**
 * The marks of tags that are invalidated, of which there may be any number.
 * @throws {OptionError}
 */
export function marksToForget(what: string, tags: unknown): readonly string[] {
  return [...new Set(checked(what, tags))].map((tag) => TAG + tag);
}

/** The tag that a mark is of; `undefined` for what is none of the user's. */
export function tagOf(mark: string): string | undefined {
  return mark.startsWith(TAG) ? mark.slice(TAG.length) : undefined;
}

function checked(what: string, tags: unknown): readonly string[] {
  if (!Array.isArray(tags)) throw wrongTags(what, tags, 'an array of texts');
  for (const [at, tag] of (tags as unknown[]).entries()) {
    if (typeof tag !== 'string') throw wrongTags(`${what}[${at}]`, tag, 'a text');
    if (tag.length > LONGEST_TAG)
      throw wrongTags(`${what}[${at}]`, tag, `at most ${LONGEST_TAG} characters`);
  }
  return tags as string[];
}

function wrongTags(what: string, value: unknown, right: string): OptionError {
  return new OptionError(`${what} is ${shown(value)}; it must be ${right}`);
}
