/**
 * A call of a memoized function as one value: the function, the arguments, the caller's limits, and
 * the key, which is made once, when it is first needed. Every look-up and every message of the call
 * uses that key, so a `key` option is called once a call.
 *
 * A call that is sent carries a copy of its arguments, and its key must be the copy's: under any other
 * key, the value would be found by calls that it does not belong to. Arguments that are plain data
 * read the same each time, and the key that was made of them is the copy's. A getter may answer
 * something else at each reading, or change another argument. Where there is one, the key is made
 * again, of the copy, and that calls a `key` option a second time.
 *
 * What this does not notice is a getter that has replaced itself with other data by the time of the
 * second reading; to look before the first one would slow down every hit.
 */

import { about } from '../errors.ts';
import type { ResolvedCallOptions } from '../options.ts';
import type { Arguments } from '../protocol.ts';
import { hasAccessors } from '../values/accessors.ts';
import { decodeArgs, encodeArgs } from '../values/args.ts';
import { isPrimitive } from '../values/primitive.ts';
import { type Definition, keyOf } from './registry.ts';

export const NO_LIMITS: ResolvedCallOptions = {
  signal: undefined,
  timeout: undefined,
  refresh: false,
  maxAge: undefined,
  priority: undefined,
};

export class Call {
  readonly definition: Definition;
  readonly args: readonly unknown[];
  readonly limits: ResolvedCallOptions;
  #key: string | undefined;

  constructor(definition: Definition, args: readonly unknown[], limits = NO_LIMITS) {
    this.definition = definition;
    this.args = args;
    this.limits = limits;
  }

  /** Canonical, see `Definition.argsKey`. @throws {KeyError} */
  get key(): string {
    this.#key ??= this.definition.argsKey(this.args);
    return this.#key;
  }

  /** The key with the function before it. @throws {KeyError} */
  get fullKey(): string {
    return keyOf(this.definition.info.id, this.key);
  }

  /**
   * A copy of the arguments, of which the key is made from now on; it shares no memory with them.
   * @throws {KeyError}
   */
  copyArgs(): Arguments {
    const { args } = this;
    const copy = this.#encoded();
    if (!args.every(isSteady) && hasAccessors(args)) {
      this.#key = this.definition.argsKey(decodeArgs(copy));
    }
    return copy;
  }

  #encoded(): Arguments {
    try {
      return encodeArgs(this.args);
    } catch (error) {
      throw about(this.definition.info.id, error);
    }
  }
}

/** Reading it runs no code but our own, as a glance tells. */
function isSteady(value: unknown): boolean {
  return isPrimitive(value) || ArrayBuffer.isView(value);
}
