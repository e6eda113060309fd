/**
 * What things are called in Redis.
 *
 * A key's name is the SHA-256 of the function id and the key, and the record carries both whole:
 * what is read is compared with them, because a hash finds and never decides.
 *
 * Everything that one operation touches must be in one slot of a cluster. So the keys are spread
 * over {@link BUCKETS} hash tags, and each bucket has the generations of all functions for itself.
 */

import { hashOf, identityOf, nameOf } from '../identity.ts';

/** Never another number: processes with different ones would not see each other's clears. */
export const BUCKETS = 64;

export interface RedisKey {
  /** By which messages call it. */
  readonly name: string;
  /** What the record must carry to be the one that is meant. */
  readonly identity: Buffer;
  readonly record: string;
  /** The lease's row. */
  readonly lease: string;
  /** The generation of everything in the bucket. */
  readonly all: string;
  /** The generation of the function's own. */
  readonly own: string;
}

export class RedisNames {
  /** The channel of invalidations. */
  readonly invalidations: string;
  readonly #prefix: string;
  readonly #functions = new Map<string, string>();

  constructor(prefix: string) {
    this.#prefix = prefix;
    this.invalidations = `${prefix}:invalidations`;
  }

  key(functionId: string, key: string): RedisKey {
    const identity = identityOf(functionId, key);
    const hash = hashOf(identity);
    const name = hash.toString('base64url');
    const bucket = (hash[0] as number) % BUCKETS;
    return {
      name,
      identity,
      record: this.#in(bucket, `r:${name}`),
      lease: this.#in(bucket, `l:${name}`),
      all: this.#in(bucket, 'g'),
      own: this.#in(bucket, `g:${this.#function(functionId)}`),
    };
  }

  /** The generations of a function, or of everything, in all buckets. */
  generations(functionId?: string): string[] {
    const name = functionId === undefined ? 'g' : `g:${this.#function(functionId)}`;
    return Array.from({ length: BUCKETS }, (_, bucket) => this.#in(bucket, name));
  }

  /** The channel that notifies a process of the end of what it waits for. */
  wakes(processName: string): string {
    return `${this.#prefix}:wakes:${processName}`;
  }

  #function(functionId: string): string {
    const known = this.#functions.get(functionId);
    if (known !== undefined) return known;
    const name = nameOf(identityOf(functionId));
    this.#functions.set(functionId, name);
    return name;
  }

  #in(bucket: number, name: string): string {
    return `${this.#prefix}:{${bucket}}:${name}`;
  }
}

/** What may be asked for in one step, by the generation of everything in its bucket. */
export function byBucket<T>(all: Iterable<T>, keyOf: (each: T) => RedisKey): Map<string, T[]> {
  const buckets = new Map<string, T[]>();
  for (const each of all) {
    const name = keyOf(each).all;
    const bucket = buckets.get(name);
    if (bucket) bucket.push(each);
    else buckets.set(name, [each]);
  }
  return buckets;
}
