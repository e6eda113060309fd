/** What a run of `map` is given, and how a line becomes a call. */

import type { Held } from '../call/side.ts';
import type { Output } from './output.ts';

export interface MapRunParts {
  readonly call: (...args: unknown[]) => Promise<unknown>;
  /** Of what a call with these arguments has brought, if it is kept. */
  readonly hold: (args: readonly unknown[]) => Held | undefined;
  /** Rejects the calls that were not begun with `PoolClosedError`. */
  readonly withdraw: () => void;
  /** That compute. */
  readonly threads: number;
  readonly output: Output;
  /** Called once, when no more lines are wanted. */
  readonly endInput: () => void;
  /** A failed line, when its turn in the output has come. */
  readonly failed: (line: number, source: string, error: unknown) => void;
  /** Each line is an array of arguments, and not the one argument. */
  readonly args: boolean;
  readonly unordered: boolean;
  readonly keepGoing: boolean;
}

/** @throws {SyntaxError} @throws {TypeError} */
export function argumentsIn(line: string, isArray: boolean): unknown[] {
  const value: unknown = JSON.parse(line);
  if (!isArray) return [value];
  if (Array.isArray(value)) return value;
  throw new TypeError('with --args, a line must be an array of arguments');
}
