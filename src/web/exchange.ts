/** A request and its response as the core sees them: what an adapter has to be able to do. */

import type { KeptPage, WholeResponse } from './kept-page.ts';
import type { JudgedRequest } from './unkept-requests.ts';
import type { KeepVerdict, ResponseHead } from './verdict.ts';

/** What became of a handler whose response was watched. */
export type RunEnd =
  /** All of it was held back; the client has nothing yet. */
  | { readonly state: 'whole'; readonly response: WholeResponse; readonly verdict: KeepVerdict }
  /** The client has it, or is getting it. */
  | { readonly state: 'passed'; readonly verdict: KeepVerdict }
  /** The client has gone before its end. */
  | { readonly state: 'lost' }
  /** Without a response. */
  | { readonly state: 'threw'; readonly error: unknown };

export interface Watch {
  /** What to do with a response that begins so: what is not to be kept passes through at once. */
  judge(head: ResponseHead): KeepVerdict;
  /** The `Cache-Status` of one that passes through. */
  statusOf(verdict: KeepVerdict): string;
  /** Bytes that are held back at most. */
  readonly most: number;
  /** Milliseconds in which a body that has begun must be whole. */
  readonly patience: number;
}

/**
 * Sends a request through the application once more, for no client: with conditions of its own left out.
 * `known` is told, before it is sent, what `token` its exchange will have; `ended`, once the application has
 * answered it, or never will.
 */
export type Again = (known: (token: object) => void, ended: () => void) => void;

export interface Exchange extends JudgedRequest {
  /** Tells one request of this process from another. */
  readonly token: object;
  /** How the same is asked of the application again; `undefined` where that cannot be done. */
  again(): Again | undefined;
  /** As the framework has it: for the user's functions. */
  readonly request: unknown;
  /** Nothing can be sent any more. */
  readonly isGone: boolean;
  /** Whether `run` reads that header of the request. */
  reads(header: string, run: () => unknown): boolean;
  /** Has the handler answer the client as if there were no cache. */
  pass(cacheStatus: string | undefined): void;
  /**
   * Has the handler answer, and holds that back while it may be kept. It sees no condition that its
   * client alone has asked for. Never rejects. At most once.
   */
  run(watch: Watch): Promise<RunEnd>;
  /** Sends what was held back, as it is; or fails with what was thrown. */
  release(cacheStatus: string): void;
  /** Answers with a page, or that the client has it already. @param age in seconds, of an older one */
  send(page: KeptPage, age: number | undefined, cacheStatus: string): void;
  /** Leaves a failure to the framework. */
  fail(error: unknown): void;
}
