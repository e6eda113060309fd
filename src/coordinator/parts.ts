/**
 * What a tracked computation was made of so far (`track`), beside what its thread has read by itself, see
 * `compute/tracker.ts`.
 *
 * Invariant: whatever answers a call that a tracked computation has made is noted here before the computation's
 * own outcome is settled; what comes without a description makes that outcome one that is not kept.
 */

import { bounded, marksOfPart, wholeMark } from '../tags/dependencies.ts';
import type { FunctionRecord } from './function-record.ts';

/** A value that a computation may have used. */
export interface Part {
  readonly fn: FunctionRecord;
  /** Without one, some of the function's. */
  readonly key: string | undefined;
  /** Its own. */
  readonly marks: readonly string[];
  /** By the clock. */
  readonly freshUntil: number;
  /** It has replaced another, which counts as expired; when, see `tag-log.ts`. */
  readonly since?: number | undefined;
}

/** Of a computation under way; then fewer stand for them, as they will in the end. */
const MOST_MARKS = 1024;

export class PartsUsed {
  #marks = new Set<string>();
  /** Marks of keys that were expired when their new value came, which was used. */
  readonly #renewed = new Map<string, number>();
  /** When the first of them is not fresh any more, by the clock. */
  freshUntil = Number.POSITIVE_INFINITY;
  /** Not everything that was used is known, or may be kept. */
  isLost = false;

  use({ fn, key, marks, freshUntil, since }: Part): void {
    const its = key === undefined ? [wholeMark(fn.info.id)] : marksOfPart(fn.info.id, key);
    for (const mark of its) {
      if (since !== undefined && !this.#marks.has(mark)) this.#renewed.set(mark, since);
      this.#marks.add(mark);
    }
    for (const mark of marks) this.#marks.add(mark);
    if (this.#marks.size > MOST_MARKS) this.#marks = new Set(bounded(this.#marks));
    this.freshUntil = Math.min(this.freshUntil, freshUntil);
  }

  /** With those of its own. */
  marksWith(own: readonly string[]): readonly string[] {
    return this.#marks.size === 0 ? own : bounded(new Set([...own, ...this.#marks]));
  }

  /** After how many invalidations it has got the present value of a key, if it has asked for a new one. */
  renewedAt(mark: string): number | undefined {
    return this.#renewed.get(mark);
  }
}

/** Notes what answers a call, for the computation that has made it. */
export function notePart(
  parent: { readonly parts: PartsUsed | undefined } | undefined,
  part: Part | undefined,
): void {
  const parts = parent?.parts;
  if (!parts) return;
  if (part) parts.use(part);
  else parts.isLost = true;
}

/** Whether anything depends on anything: until then no description is made, and no mark is raised. */
export class Tracking {
  readonly #isTracked: () => boolean;
  #isUsed = false;

  /** @param isTracked whether this process has a function that tracks, called or not */
  constructor(isTracked: () => boolean) {
    this.#isTracked = isTracked;
  }

  met({ tracks = false }: { readonly tracks?: boolean }): void {
    this.#isUsed ||= tracks;
  }

  get isUsed(): boolean {
    this.#isUsed ||= this.#isTracked();
    return this.#isUsed;
  }
}
