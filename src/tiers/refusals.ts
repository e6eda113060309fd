/**
 * What a server that is there refuses: it is full, a replica, cannot save, or does not let this user.
 * Nothing waits for that, so nothing is given up; but what is refused is not shared, and
 * the user should know. There is one warning for each kind, until what was refused works again.
 */

import type { Warnings } from '../text/warnings.ts';

export class Refusals {
  readonly #name: string;
  readonly #kindOf: (error: unknown) => string | undefined;
  readonly #warnings: Warnings;
  #count = 0;
  /** The kind by which something is refused for now. */
  readonly #refused = new Map<string, string>();

  /** @param kindOf a word for it, where the server itself has refused */
  constructor(name: string, kindOf: (error: unknown) => string | undefined, warnings: Warnings) {
    this.#name = name;
    this.#kindOf = kindOf;
    this.#warnings = warnings;
  }

  /** So far. */
  get count(): number {
    return this.#count;
  }

  /** @returns the kind, if it is a refusal */
  add(error: unknown): string | undefined {
    const kind = this.#kindOf(error);
    if (kind !== undefined) this.#count++;
    return kind;
  }

  /** @param what is asked: one of a few */
  async watch<T>(what: string, answer: Promise<T>): Promise<T> {
    try {
      const answered = await answer;
      this.worked(what);
      return answered;
    } catch (error) {
      this.note(what, error);
      throw error;
    }
  }

  note(what: string, error: unknown): void {
    const kind = this.add(error);
    if (kind === undefined) return;
    const isKnown = [...this.#refused.values()].includes(kind);
    this.#refused.set(what, kind);
    if (isKnown) return;
    this.#warnings.warn(
      `refusal ${kind}`,
      `${this.#name} answers, and refuses (${(error as Error).message}): each process computes for itself what is not stored`,
    );
  }

  worked(what: string): void {
    if (this.#refused.size > 0) this.#refused.delete(what);
  }
}
