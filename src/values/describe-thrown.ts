/**
 * What was thrown, as plain data that always crosses. Nothing here throws, whatever was thrown.
 *
 * An error is described by the class that the other side can make, and by its own fields, each
 * described on its own, so that one field that cannot cross (a socket, a function) costs nothing but
 * itself, and is named. Causes are followed; a cycle among them is cut where it closes.
 */
import { inspect, types } from 'node:util';
import { MemoError, OptionError } from '../errors.ts';
import type { Encoded } from '../protocol.ts';
import { errorClassName, makeError } from './builtins.ts';
import { encodeUnlessRefused } from './encode.ts';
import { addressOfClass } from './error-classes.ts';

/** A field, whether it is enumerable, and what it holds. */
export type DescribedField = readonly [name: string, enumerable: boolean, holds: Description];

export type Description =
  | { readonly form: 'value'; readonly value: Encoded }
  | { readonly form: 'list'; readonly items: readonly Description[] }
  | {
      readonly form: 'error';
      /** A builtin error class, `DOMException`, `OptionError`, or `MemoError` for all of its kind. */
      readonly className: string;
      /** Of a class of the user's own that is below it; see `error-classes.ts`. */
      readonly address?: string;
      readonly name: string;
      readonly message: string;
      readonly fields: readonly DescribedField[];
    };

interface Walk {
  /** The errors that the current one is a cause of. */
  readonly above: Set<unknown>;
  /** Errors that may still be described: a few that refer to each other can make many chains. */
  left: number;
}

const deepestCause = 32;
const mostErrors = 256;
const mostItems = 65_536;

export function describeThrown(thrown: unknown): Description {
  return describe({ above: new Set(), left: mostErrors }, thrown) ?? describeOpaque(thrown);
}

/** Undefined for what cannot cross, and for an error that is a cause of itself. */
function describe(walk: Walk, value: unknown): Description | undefined {
  try {
    if (isError(value)) return describeError(walk, value);
    if (isListOfErrors(value)) return describeList(walk, value);
    return { form: 'value', value: encodeUnlessRefused(value) };
  } catch {
    return undefined;
  }
}

function isError(value: unknown): value is Error {
  return types.isNativeError(value) || value instanceof Error;
}

/** A longer list is left to structured clone: one with holes may be far longer than what is in it. */
function isListOfErrors(value: unknown): value is readonly unknown[] {
  return Array.isArray(value) && value.length <= mostItems && value.some(isError);
}

function describeList(walk: Walk, values: readonly unknown[]): Description {
  const items = values.map((each) => describe(walk, each) ?? describeOpaque(each));
  return { form: 'list', items };
}

function describeError(walk: Walk, error: Error): Description | undefined {
  if (walk.above.has(error) || walk.above.size > deepestCause || walk.left === 0) return undefined;
  walk.left--;
  walk.above.add(error);
  try {
    const className = classToMake(error);
    const name = read(error, 'name') ?? className;
    const message = read(error, 'message') ?? '';
    const fields = describeFields(walk, error);
    const address = addressOfClass(error);
    return {
      form: 'error',
      className,
      ...(address !== undefined && { address }),
      name: text(name),
      message: text(message),
      fields,
    };
  } finally {
    walk.above.delete(error);
  }
}

/** The nearest class that the other side has in any case. */
function classToMake(error: Error): string {
  if (error instanceof MemoError) return 'MemoError';
  if (error instanceof OptionError) return 'OptionError';
  if (error instanceof DOMException) return 'DOMException';
  let prototype: object | null = Object.getPrototypeOf(error);
  while (prototype !== null) {
    const name = errorClassName(prototype);
    if (name !== undefined) return name;
    prototype = Object.getPrototypeOf(prototype);
  }
  return 'Error';
}

/**
 * What the class cannot make by itself; `code` and the others count also when they are inherited.
 * Fields that cannot cross are named by one more field, `lostFields`.
 */
function describeFields(walk: Walk, error: Error): DescribedField[] {
  const names = new Set(['stack', 'code', 'cause', 'errors', ...ownData(error)]);
  const fields: DescribedField[] = [];
  const lost: string[] = [];
  for (const name of names) {
    const value = read(error, name);
    if (value === undefined && !Object.hasOwn(error, name)) continue;
    const holds = describe(walk, value);
    const enumerable = Object.prototype.propertyIsEnumerable.call(error, name);
    if (holds !== undefined) fields.push([name, enumerable, holds]);
    else lost.push(name);
  }
  return lost.length === 0 ? fields : [...fields, nameLost(error, lost)];
}

/** Names of own fields: those with a value, enumerable or not, and getters that are enumerable. */
function ownData(error: Error): string[] {
  try {
    const all = Object.entries(Object.getOwnPropertyDescriptors(error));
    const data = all.filter(
      ([name, field]) => name !== 'message' && ('value' in field || field.enumerable),
    );
    return data.map(([name]) => name);
  } catch {
    return [];
  }
}

/** Together with those that were lost on the way here. */
function nameLost(error: Error, lost: readonly string[]): DescribedField {
  const before = read(error, 'lostFields');
  const names = [...new Set([...(Array.isArray(before) ? before : []), ...lost])].map(String);
  return ['lostFields', true, { form: 'value', value: encodeUnlessRefused(names) }];
}

/** A getter that throws has no value. */
function read(error: Error, name: string): unknown {
  try {
    return (error as unknown as Readonly<Record<string, unknown>>)[name];
  } catch {
    return undefined;
  }
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : shortText(value);
}

/** Stands for something that cannot cross, in an error that says what it was. */
function describeOpaque(value: unknown): Description {
  const message = `Something was thrown that cannot cross to another thread: ${shortText(value)}`;
  const { stack } = makeError('Error', message);
  const holds: Description = { form: 'value', value: encodeUnlessRefused(stack) };
  return {
    form: 'error',
    className: 'Error',
    name: 'Error',
    message,
    fields: [['stack', false, holds]],
  };
}

function shortText(value: unknown): string {
  try {
    const limits = { depth: 1, maxArrayLength: 5, maxStringLength: 100, customInspect: false };
    return inspect(value, { ...limits, breakLength: Infinity }).slice(0, 300);
  } catch {
    return `a ${typeof value} that cannot be inspected`;
  }
}
