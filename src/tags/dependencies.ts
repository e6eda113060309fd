/**
 * What a value depends on that was made of others (`track`): marks like those of tags, with another letter.
 *
 * | letter | stands for | raised when |
 * | --- | --- | --- |
 * | k | one key | that is invalidated, or given a value |
 * | f | a function | all of it is cleared |
 * | w | a whole function | any of its keys is invalidated, or all |
 * | a | anything | anything is invalidated |
 * | d | nothing | never: records that depend on others have it, so a tier without its row has none of them |
 * | v | the code of a function | never: it is compared, see `part-versions.ts` |
 *
 * An entry has `k` and `f` of its parts. Where these are too many, it has `w` of their functions instead; and `a`
 * where those or its tags are too many as well. Each of these steps ends it sooner, and none later.
 * `a` is known in this process only: what has it is in no tier. `d` and `v` are known in tiers only.
 *
 * The mark of a key is its function's id, a character that no id has, and its arguments' key, or a digest of it
 * where that is long.
 */

import { createHash } from 'node:crypto';
import { MOST_TAGS, tagOf } from './tags.ts';

export const ANYTHING = 'a';
export const DEPENDENT = 'd';
export const CODE = 'v';

/** Of one entry: keys, and then whole functions. */
const MOST_DEPENDENCIES = 128;
const LONGEST_KEY = 200;
const END = '\0';

const KEY = 'k';
const FUNCTION = 'f';
const WHOLE = 'w';

/** What an entry that was made of this key depends on. */
export function marksOfPart(functionId: string, argsKey: string): readonly string[] {
  if (functionId.includes(END)) return [ANYTHING];
  return [keyMark(functionId, argsKey), FUNCTION + functionId];
}

export function wholeMark(functionId: string): string {
  return functionId.includes(END) ? ANYTHING : WHOLE + functionId;
}

/** What is raised when a key is invalidated, or without one, all of the function's. */
export function marksRaised(functionId: string, argsKey: string | undefined): readonly string[] {
  const its = argsKey === undefined ? FUNCTION + functionId : keyMark(functionId, argsKey);
  return [its, WHOLE + functionId, ANYTHING];
}

/** Not what only tiers know, and nothing raises. */
export function isRaised(mark: string): boolean {
  return mark !== DEPENDENT && !mark.startsWith(CODE);
}

/** Those that are known in tiers, too. */
export function marksInTiers(marks: readonly string[]): readonly string[] {
  return marks.includes(ANYTHING) ? marks.filter((mark) => mark !== ANYTHING) : marks;
}

/** Of a key or a function, so that what has it depends on something. */
export function isDependency(mark: string): boolean {
  return [KEY, FUNCTION, WHOLE].includes(mark[0] as string);
}

/** The ids of the functions that are in them. */
export function functionsIn(marks: readonly string[]): ReadonlySet<string> {
  const its = marks.filter(isDependency);
  return new Set(its.map((mark) => mark.slice(1).split(END, 1)[0] as string));
}

/** As `explain` shows them; functions whose keys are shown are not. */
export function dependenciesIn(marks: readonly string[]): string[] {
  return marks.flatMap((mark) => {
    const [id = '', key] = mark.slice(1).split(END);
    if (mark.startsWith(KEY) && key !== undefined) return `${id}(${key})`;
    return mark.startsWith(WHOLE) ? id : [];
  });
}

/** These, in so few that an entry can have them. */
export function bounded(marks: ReadonlySet<string>): readonly string[] {
  const keys = [...marks].filter((mark) => mark.startsWith(KEY));
  const tags = [...marks].filter((mark) => tagOf(mark) !== undefined);
  const others = new Set(
    [...marks].filter((mark) => !mark.startsWith(KEY) && tagOf(mark) === undefined),
  );
  const hasMany = keys.length > MOST_DEPENDENCIES;
  if (hasMany) {
    for (const mark of keys) others.add(WHOLE + mark.slice(1, mark.indexOf(END)));
    for (const mark of [...others])
      if (others.has(WHOLE + mark.slice(1))) others.delete(FUNCTION + mark.slice(1));
  }
  const isBeyond = others.size > MOST_DEPENDENCIES || tags.length > MOST_TAGS;
  if (isBeyond) return [ANYTHING];
  return [...tags, ...(hasMany ? [] : keys), ...others];
}

function keyMark(functionId: string, argsKey: string): string {
  const isLong = argsKey.length > LONGEST_KEY;
  const text = isLong ? `#${createHash('sha256').update(argsKey).digest('base64url')}` : argsKey;
  return KEY + functionId + END + text;
}
