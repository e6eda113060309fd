/**
 * What a function throws reaches its callers on every thread as it was thrown, as far as that goes.
 *
 * An error keeps its name, message, stack, `code`, `cause`, `errors` and own fields, and its class
 * when that is a builtin one, one of threadmemo's, or one that both threads have (see
 * `error-classes.ts`); an instance of another class arrives as the nearest class that they have, with
 * the name that it had. Fields that cannot cross are named in `lostFields`. Anything else that is
 * thrown arrives as a value.
 */
import { Codec, type Encoded } from '../protocol.ts';
import { cloneFromBytes, cloneToBytes } from './clone.ts';
import { type Description, describeThrown } from './describe-thrown.ts';
import { rebuildThrown, type Unclassed } from './rebuild-thrown.ts';

/**
 * Encodes what was thrown. Never throws: fields that cannot cross are left out, and a thrown value
 * that cannot becomes an Error that says what it was.
 */
export function encodeThrown(thrown: unknown): Encoded {
  return { codec: Codec.thrown, bytes: cloneToBytes(describeThrown(thrown)) };
}

/**
 * A fresh object every time, which its catcher may change.
 * @param unclassed errors are added to it whose class this thread does not know (yet)
 */
export function decodeThrown({ bytes }: Encoded, unclassed: Unclassed[] = []): unknown {
  return rebuildThrown(cloneFromBytes(bytes) as Description, unclassed);
}
