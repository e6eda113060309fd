/** Forgets entries by their tags, on whichever thread. */

import { sideHere } from '../guests/joining.ts';
import { marksToForget } from '../tags/tags.ts';

/**
 * Forgets every entry that has one of the tags, of all functions, in the memory of all threads at once
 * and in every tier; where a tier connects processes, in those, too. What is being computed and turns out
 * to have one of the tags answers those who asked before, and is kept nowhere; calls that come
 * afterwards get a new computation. Works on every thread that uses the pool, also inside a
 * computation that has the tag itself: it waits for none. Settles when no later call is answered with
 * such a value, here and in the tiers. Opens no pool: without one nothing is kept.
 *
 * @throws {OptionError} (the promise is rejected) for what is no text, or too long for a tag.
 * @example
 * await saveUser(user);
 * await invalidateTags(`user:${user.id}`);
 */
export async function invalidateTags(...tags: string[]): Promise<void> {
  const marks = marksToForget('tags', tags);
  await sideHere()?.invalidateTags(marks);
}
