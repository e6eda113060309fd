/**
 * The stages one after the other, as a program without threads or a cache would have them, but for
 * `await`. Each is a module of its own, which imports no other stage; so to change one changes the
 * version of that one only. What follows is computed again as far as it is given something else.
 */

import { counts } from './counts.ts';
import { type Pair, pairs } from './pairs.ts';
import { rarity } from './rarity.ts';
import { weights } from './weights.ts';
import { words } from './words.ts';

export const stages = { words, counts, rarity, weights, pairs };

/** Which of the texts are alike, the most alike first. */
export async function alike(texts: readonly string[]): Promise<Pair[]> {
  const counted = await Promise.all(texts.map(async (text) => counts(await words(text))));
  const weighed = await weights(counted, await rarity(counted));
  return pairs(weighed);
}
