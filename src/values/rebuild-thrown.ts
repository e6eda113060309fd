/** What was thrown, made again from its description: the other half of `describe-thrown.ts`. */
import { type ErrorDetails, type MemoError, memoErrorClass, OptionError } from '../errors.ts';
import { makeError } from './builtins.ts';
import { decode } from './decode.ts';
import type { Description } from './describe-thrown.ts';
import { prototypeAt } from './error-classes.ts';

type DescribedError = Extract<Description, { readonly form: 'error' }>;
type Fields = ReadonlyMap<string, unknown>;

/** An error whose class is not known here; `become` makes it an instance once it is. */
export interface Unclassed {
  readonly error: Error;
  readonly address: string;
}

/** Makes it anew; nothing is shared with what another call makes. */
export function rebuildThrown(description: Description, unclassed: Unclassed[]): unknown {
  switch (description.form) {
    case 'value':
      return decode(description.value);
    case 'list':
      return description.items.map((each) => rebuildThrown(each, unclassed));
    case 'error':
      return rebuildError(description, unclassed);
  }
}

function rebuildError(description: DescribedError, unclassed: Unclassed[]): Error {
  const values: [string, unknown][] = description.fields.map(([name, , holds]) => [
    name,
    rebuildThrown(holds, unclassed),
  ]);
  const fields: Fields = new Map(values);
  const error = makeAgain(description, fields);
  // Its own stack is the one of this place. That helps no reader.
  if (!fields.has('stack')) Reflect.deleteProperty(error, 'stack');
  for (const [name, enumerable] of description.fields) {
    define(error, name, fields.get(name), enumerable);
  }
  const { address } = description;
  if (address !== undefined && !become({ error, address })) unclassed.push({ error, address });
  return error;
}

/** Gives it the class at this address, if this thread has that. Its constructor is not called. */
export function become({ error, address }: Unclassed): boolean {
  const prototype = prototypeAt(address);
  if (prototype !== undefined) Object.setPrototypeOf(error, prototype);
  return prototype !== undefined;
}

function makeAgain({ className, name, message }: DescribedError, fields: Fields): Error {
  switch (className) {
    case 'MemoError':
      return makeMemoError(message, fields);
    case 'OptionError':
      return new OptionError(message, {
        functionId: fields.get('functionId') as string | undefined,
      });
    case 'DOMException':
      return new DOMException(message, name);
    default:
      return makeBuiltin(className, name, message);
  }
}

/** The class makes some of its fields for good, and has to be given these. */
function makeMemoError(message: string, fields: Fields): MemoError {
  const { code, functionId, key, path, cycle } = Object.fromEntries(
    fields,
  ) as unknown as MemoFields;
  return new (memoErrorClass(code))(message, { functionId, key, path, cycle });
}

interface MemoFields extends Omit<ErrorDetails, 'cause'> {
  readonly code: string;
}

function makeBuiltin(className: string, name: string, message: string): Error {
  const error = makeError(className, message);
  if (error.name !== name) define(error, 'name', name, false);
  return error;
}

/** Leaves alone what the class has made for good. */
function define(error: Error, name: string, value: unknown, enumerable: boolean): void {
  const made = Object.getOwnPropertyDescriptor(error, name);
  if (made?.configurable === false) return;
  Object.defineProperty(error, name, { value, enumerable, writable: true, configurable: true });
}
