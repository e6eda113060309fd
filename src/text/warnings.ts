/**
 * How threadmemo warns: by a process warning of the type `ThreadmemoWarning`, and never in a flood.
 *
 * The first warning on a topic comes at once. Those that follow within a minute are counted, and one
 * warning at its end says how many there were, and the last of them; as long as there are more, the
 * pauses become twice as long, up to an hour. So what fails ten thousand times a minute costs a few
 * lines, and nothing of it is kept secret.
 */

import type { Clock, Timer } from '../clock.ts';
import { setImmediate } from '../runtime/globals.ts';
import { printable, printableLines, withoutPasswords } from './printable.ts';

/** Milliseconds. */
const FIRST_PAUSE = 60_000;
const LONGEST_PAUSE = 3600_000;
/** Beyond that, topics share one: what they are called may have come from outside. */
const MOST_TOPICS = 100;
const LONGEST_TEXT = 2000;

interface Topic {
  readonly timer: Timer;
  leftOut: number;
  /** The last that was left out. */
  last: string;
  code: string | undefined;
}

export class Warnings {
  readonly #clock: Clock;
  /** Those that had a warning lately. */
  readonly #topics = new Map<string, Topic>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * @param topic what it is about, one of a few: those of one topic share their pauses
   * @param text may have in it what others have written; so may `detail`, such as a stack, whose
   * lines stand below it
   * @param code by which programs know this kind of warning
   */
  warn(topic: string, text: string, detail?: string, code?: string): void {
    const isKnown = this.#topics.has(topic) || this.#topics.size < MOST_TOPICS;
    const name = isKnown ? topic : '';
    const known = this.#topics.get(name);
    if (!known) {
      this.#pause(name, FIRST_PAUSE);
      return emit(text, detail, code);
    }
    known.leftOut++;
    known.last = text;
    known.code = code;
  }

  /** Says what was left out, and forgets all pauses. */
  close(): void {
    for (const topic of this.#topics.values()) {
      topic.timer.cancel();
      summarize(topic);
    }
    this.#topics.clear();
  }

  #pause(name: string, ms: number): void {
    const timer = this.#clock.after(ms, () => this.#pauseIsOver(name, ms));
    this.#topics.set(name, { timer, leftOut: 0, last: '', code: undefined });
  }

  #pauseIsOver(name: string, ms: number): void {
    const topic = this.#topics.get(name);
    if (!topic) return;
    this.#topics.delete(name);
    if (topic.leftOut === 0) return;
    this.#pause(name, Math.min(2 * ms, LONGEST_PAUSE));
    summarize(topic);
  }
}

function summarize({ leftOut, last, code }: Topic): void {
  if (leftOut === 0) return;
  const more = leftOut === 1 ? 'once more' : `${leftOut} more times`;
  emit(`${more} since the last warning of this kind: ${last}`, undefined, code);
}

function emit(text: string, detail?: string, code?: string): void {
  const message = printable(shortened(withoutPasswords(text)));
  const type = 'ThreadmemoWarning';
  try {
    if (detail === undefined && code === undefined) return process.emitWarning(message, type);
    process.emitWarning(message, {
      type,
      ...(code !== undefined && { code }),
      ...(detail !== undefined && { detail: printableLines(detail) }),
    });
  } catch (error) {
    // Programs replace `emitWarning`. What theirs throws must not end what we were in the midst of.
    setImmediate(() => {
      throw error;
    });
  }
}

function shortened(text: string): string {
  return text.length > LONGEST_TEXT ? `${text.slice(0, LONGEST_TEXT)}…` : text;
}
