/** What has become of a call. */

import { toJson } from './json.ts';

export type LineOutcome =
  | { readonly state: 'open' }
  /** The result as JSON, with a line end. */
  | { readonly state: 'value'; readonly text: string }
  | { readonly state: 'failed'; readonly error: unknown }
  /** It was not begun, because the command was told to stop. */
  | { readonly state: 'withdrawn' };

export const OPEN: LineOutcome = { state: 'open' };
export const WITHDRAWN: LineOutcome = { state: 'withdrawn' };

export function outcomeOf(value: unknown): LineOutcome {
  try {
    return { state: 'value', text: `${toJson(value)}\n` };
  } catch (cause) {
    return failedHere(cause);
  }
}

export function failed(error: unknown): LineOutcome {
  return { state: 'failed', error };
}

/** In the command itself: its place in our code would not help the user. */
export function failedHere(error: unknown): LineOutcome {
  if (error instanceof Error) Object.defineProperty(error, 'stack', { value: undefined });
  return failed(error);
}
