/** Makes entries stale by their tags, on whichever thread. */

import { sideHere } from '../guests/joining.ts';
import { marksToForget } from '../tags/tags.ts';

/**
 * Makes every entry that has one of the tags stale now, of all functions and in all threads, as if its
 * `ttl` had just ended: within the `staleWhileRevalidate` or `staleIfError` of its function it is still answered,
 * and computed again at its next call; without either it is forgotten, as by `invalidateTags`. What is
 * being computed and turns out to have one of the tags is stale when it comes. Tiers, and other processes that a
 * tier connects, forget the entries. Of thousands, the last may be missing for some milliseconds before they
 * are there as stale. Settles when no later call is answered as if such a value was fresh. Opens no pool.
 *
 * @throws {OptionError} (the promise is rejected) for what is no text, or too long for a tag.
 * @example
 * await importPrices();
 * await expireTags('prices');
 */
export async function expireTags(...tags: string[]): Promise<void> {
  const marks = marksToForget('tags', tags);
  await sideHere()?.expireTags(marks);
}
