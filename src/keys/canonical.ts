/**
 * The key of a list of arguments: a string that two lists share exactly when
 * `util.isDeepStrictEqual` holds between them.
 *
 * Why no two different lists share it: every value is written as a tag, and either has a length that
 * the tag fixes, or states its extent before its content (`s5:hello`, `a2:` and two items), or ends
 * with a character that cannot be in its content (`#1.5;`). So no code is the beginning of another
 * one, and a sequence of codes can be taken apart in one way only; nothing that stands in a string
 * can be taken for a separator. What is longer than a key should be is replaced by its SHA-256 under
 * a tag of its own: strings and other values beyond 1,024 characters, bytes beyond 64, and at the
 * end the whole list beyond 128. That depends on the content alone, never on which objects are
 * shared, and it keeps a structure that refers to its parts many times from growing without bound.
 *
 * Why equal lists do: whatever order does not matter for (the keys of an object, the entries of a
 * Map, the members of a Set) is sorted by its own code.
 *
 * Versions of Node differ in three places, and keys follow the newest: invalid Dates are equal
 * (before Node 24 they are not even equal to each other), and `new Error('m', { cause: undefined })`
 * is not `new Error('m')` (in Node 20 it is). The stack of an error never counts. For named
 * properties of the argument list itself there is no way into a call, and they are not looked at.
 *
 * One argument, or a few, of primitive types are by far the most common case: they cost one
 * concatenation each and allocate nothing else.
 */
import { Refusal } from '../values/refusal.ts';
import { refusedArgument } from '../values/refused-argument.ts';
import { digestText } from './digest.ts';
import { encodePrimitive, startWalk, type Walk, walkObject } from './walk.ts';

const longestKey = 128;

/**
 * The key of these arguments: at most 128 characters, any UTF-16 code units among them.
 *
 * Getters of the arguments run; what they throw is thrown.
 *
 * @param root what the path in an error starts with
 * @throws {KeyError} when something in the arguments cannot cross to another thread faithfully;
 * `path` says where: `args[0].conn`
 */
export function canonicalKey(args: readonly unknown[], root = 'args'): string {
  try {
    return keyOf(args);
  } catch (error) {
    throw error instanceof Refusal ? refusedArgument(args, root, error, 'refused') : error;
  }
}

/**
 * The key of one value, the same as that of an argument list which holds only this value; the path
 * in an error starts with `root` itself: `key(...).conn`.
 *
 * @throws {KeyError} as {@link canonicalKey} does
 */
export function canonicalKeyOf(value: unknown, root: string): string {
  try {
    return keyOf([value]);
  } catch (error) {
    throw error instanceof Refusal ? refusedArgument(value, root, error, 'refused') : error;
  }
}

function keyOf(args: readonly unknown[]): string {
  // No digest begins like this, and a key is never the empty string.
  let key = '(';
  let walk: Walk | undefined;
  for (let i = 0; i < args.length; i++) {
    const arg = args[i];
    if (typeof arg === 'object' && arg !== null) {
      walk ??= startWalk();
      key += walkObject(walk, arg, 1);
    } else {
      key += arg === undefined && !(i in args) ? '_' : encodePrimitive(arg);
    }
  }
  return key.length <= longestKey ? key : `~${digestText(key)}`;
}
