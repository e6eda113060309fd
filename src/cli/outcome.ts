/** What has become of a call. */

import { toJson } from './json.ts';

export type Outcome =
  | { readonly state: 'open' }
  /** The result as JSON, with a line end. */
  | { readonly state: 'value'; readonly text: string }
  | { readonly state: 'failed'; readonly error: unknown }
  /** It was not begun, because the command was told to stop. */
  | { readonly state: 'withdrawn' };

export const OPEN: Outcome = { state: 'open' };
export const WITHDRAWN: Outcome = { state: 'withdrawn' };

export function outcomeOf(value: unknown): Outcome {
  try {
    return { state: 'value', text: `${toJson(value)}\n` };
  } catch (cause) {
    return failedHere(cause);
  }
}

export function failed(error: unknown): Outcome {
  return { state: 'failed', error };
}

/** In the command itself: where in its code that was, would tell nobody anything. */
export function failedHere(error: unknown): Outcome {
  if (error instanceof Error) Object.defineProperty(error, 'stack', { value: undefined });
  return failed(error);
}
