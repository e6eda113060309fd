/** What an error says. Functions may throw anything, also what has a message that is no text. */

import { inspect } from 'node:util';

export interface Words {
  readonly name: string;
  readonly message: string;
  readonly stack: string | undefined;
}

export function wordsOf(error: unknown): Words {
  const { name, message = error, stack } = (error ?? {}) as Record<string, unknown>;
  return {
    name: typeof name === 'string' && name !== '' ? name : 'Error',
    message: textOf(message),
    stack: typeof stack === 'string' ? stack : undefined,
  };
}

/** What a person needs to know of it. */
export function messageOf(error: unknown): string {
  return wordsOf(error).message;
}

/** An object's own text would be `[object Object]`, and some have none at all. */
function textOf(value: unknown): string {
  const isObject = typeof value === 'object' && value !== null;
  return isObject
    ? inspect(value, { breakLength: Number.POSITIVE_INFINITY, compact: true })
    : String(value);
}
