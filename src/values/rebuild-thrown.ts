/** What was thrown, made again from its description: the other half of `describe-thrown.ts`. */
import { type ErrorDetails, type MemoError, memoErrorClass, OptionError } from '../errors.ts';
import { makeError } from './builtins.ts';
import { decode } from './decode.ts';
import type { Description } from './describe-thrown.ts';

type DescribedError = Extract<Description, { readonly form: 'error' }>;
type Fields = ReadonlyMap<string, unknown>;

/** Makes it anew; nothing is shared with what another call makes. */
export function rebuildThrown(description: Description): unknown {
  switch (description.form) {
    case 'value':
      return decode(description.value);
    case 'list':
      return description.items.map(rebuildThrown);
    case 'error':
      return rebuildError(description);
  }
}

function rebuildError(description: DescribedError): Error {
  const values: [string, unknown][] = description.fields.map(([name, , holds]) => [
    name,
    rebuildThrown(holds),
  ]);
  const fields: Fields = new Map(values);
  const error = makeAgain(description, fields);
  // Its own stack is the one of this place. Nobody is helped by that.
  if (!fields.has('stack')) Reflect.deleteProperty(error, 'stack');
  for (const [name, enumerable] of description.fields) {
    define(error, name, fields.get(name), enumerable);
  }
  return error;
}

function makeAgain({ className, name, message }: DescribedError, fields: Fields): Error {
  switch (className) {
    case 'MemoError':
      return makeMemoError(message, fields);
    case 'OptionError':
      return new OptionError(message);
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
