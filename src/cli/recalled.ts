/**
 * Calls that were taken back before they were begun, because results turned out so large that those
 * of all open calls would not fit; they are made again, in their order, when there is room.
 */

import { PoolClosedError } from '../errors.ts';
import type { LineAnswer } from './answer.ts';

export interface RecalledCall {
  /** The first that it answers. */
  readonly line: number;
  readonly answer: LineAnswer;
  readonly args: readonly unknown[];
}

export class Recalled {
  /** Calls that may yet be rejected because they were taken back. */
  #expected = 0;
  #calls: RecalledCall[] = [];
  #inOrder = true;

  get size(): number {
    return this.#calls.length;
  }

  /** So many calls are open, and those that were not begun are about to be rejected. */
  expect(open: number): void {
    this.#expected = open;
  }

  /** Whether this call was taken back; then it is kept here. A pool that was closed rejects otherwise. */
  takes(call: RecalledCall, error: unknown): boolean {
    if (!(error instanceof PoolClosedError) || this.#expected === 0) return false;
    this.#expected--;
    this.#inOrder &&= call.line > (this.#calls.at(-1)?.line ?? 0);
    this.#calls.push(call);
    return true;
  }

  /** The first in the order of lines: it may be what all results that are held wait for. */
  next(): RecalledCall | undefined {
    if (!this.#inOrder) this.#calls.sort((a, b) => a.line - b.line);
    this.#inOrder = true;
    return this.#calls.shift();
  }

  /** None of them will be made any more. */
  takeAll(): readonly RecalledCall[] {
    const calls = this.#calls;
    this.#calls = [];
    this.#expected = 0;
    return calls;
  }
}
