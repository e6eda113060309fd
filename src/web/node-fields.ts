/** How Node's own methods of a response may be called, read in one way. */

import type { ServerResponse } from 'node:http';

/** Headers by names in lower case. */
export type Fields = Map<string, string | readonly string[]>;

// biome-ignore lint/suspicious/noExplicitAny: the overloads of Node's methods, which are passed on as they come
export type AnyMethod = (...args: any[]) => any;

export function fieldsOf(response: ServerResponse): Fields {
  return fieldsIn(Object.entries(response.getHeaders()));
}

/** In the arguments of `writeHead`: status, perhaps a reason, perhaps headers in one of three forms. */
export function fieldsGiven(args: readonly unknown[]): Fields {
  const given = args.find((each) => typeof each === 'object' && each !== null);
  if (given === undefined) return new Map();
  if (!Array.isArray(given)) return fieldsIn(Object.entries(given as object));
  if (Array.isArray(given[0])) return fieldsIn(given as [string, unknown][]);
  return fieldsIn(
    given.flatMap((name, at) => (at % 2 === 0 ? [[name, given[at + 1]] as const] : [])),
  );
}

/** What was given more than once comes as a list. */
export function fieldsIn(entries: Iterable<readonly [string, unknown]>): Fields {
  const fields: Fields = new Map();
  for (const [name, value] of entries) {
    if (value === undefined) continue;
    const lower = name.toLowerCase();
    const texts = Array.isArray(value) ? value.map(String) : [String(value)];
    const all = [...[fields.get(lower) ?? []].flat(), ...texts];
    fields.set(lower, all.length === 1 ? (all[0] as string) : all);
  }
  return fields;
}

/** Those of `all` that are not the same in `before`. */
export function differing(all: Fields, before: Fields): Fields {
  const isOther = ([name, value]: readonly [string, string | readonly string[]]) =>
    !before.has(name) || String(before.get(name)) !== String(value);
  return new Map([...all].filter(isOther));
}

/** A copy of the chunk in the arguments of `write` and `end`. */
export function bytesOf([chunk, encoding]: readonly unknown[]): Buffer | undefined {
  if (typeof chunk === 'string') {
    return Buffer.from(chunk, typeof encoding === 'string' ? (encoding as BufferEncoding) : 'utf8');
  }
  return chunk instanceof Uint8Array ? Buffer.from(chunk) : undefined;
}

export function callbackOf(args: readonly unknown[]): (() => void) | undefined {
  return args.find((each) => typeof each === 'function') as (() => void) | undefined;
}
