/**
 * The lines between input and output: in the order of the input, or, unordered, as they are answered.
 *
 * It is wide, because what waits for another process, or for a slow call at its head, should keep no
 * thread from what comes after. It is bounded in calls, in lines, and in bytes: those that are held,
 * and those that open calls will bring, by what results have been like so far. It starts narrow, and
 * widens with every result. Where results that were small get large, more may be open than there is
 * room for: it is `tooWide` then.
 */

import { TypicalSize } from '../api/typical-size.ts';
import type { LineAnswer } from './answer.ts';

/** Many more, and what calls leave behind gets old before it is collected: twice the memory. */
const MOST_OPEN = 2 ** 10;
/** Enough to read on while the first calls are computed: 16 bytes each. */
const MOST_LINES = 2 ** 20;
/** Calls that are open before there is any result. */
const FIRST_OPEN = 16;
/** Characters. */
const MOST_HELD = 8 * 2 ** 20;
/** Characters: what an open call takes itself. */
const CALL = 500;

export class LineWindow {
  readonly #ordered: boolean;
  /** A ring: answers in the order of output, and their lines' numbers. */
  readonly #queue = new Array<LineAnswer | undefined>(MOST_LINES).fill(undefined);
  readonly #numbers = new Float64Array(MOST_LINES);
  #head = 0;
  #tail = 0;
  /** Lines of open calls that will come into the queue when they are answered. */
  readonly #waiting = new Map<LineAnswer, number[]>();
  #waitingLines = 0;
  #held = 0;
  #open = 0;
  /** Calls that may be open: each result lets one more. */
  #width: number;
  readonly #threads: number;
  /** Of the results of calls. */
  readonly #typical = new TypicalSize();

  /** @param threads that compute: each has a call, however large results are */
  constructor(ordered: boolean, threads: number) {
    this.#ordered = ordered;
    this.#threads = threads;
    this.#width = Math.max(FIRST_OPEN, threads);
  }

  get hasRoom(): boolean {
    return this.hasLines && this.hasRoomForCall;
  }

  /** For a line. */
  get hasLines(): boolean {
    return this.#tail - this.#head + this.#waitingLines < MOST_LINES;
  }

  /** For a call of a line that is here already. */
  get hasRoomForCall(): boolean {
    if (this.#open >= this.#width || this.#held >= MOST_HELD) return false;
    const each = CALL + (this.#typical.bytes ?? 0);
    return this.#open < this.#threads || this.#held + this.#open * each < MOST_HELD;
  }

  /** All that is held waits for a call that is not open. */
  get isStuck(): boolean {
    const head = this.#queue[this.#head % MOST_LINES];
    return this.#open === 0 && head !== undefined && !head.settled;
  }

  /** What is held already leaves no room for what will come. */
  get tooWide(): boolean {
    return this.#held >= MOST_HELD && this.#open > this.#threads;
  }

  /** Calls that are under way. */
  get open(): number {
    return this.#open;
  }

  get empty(): boolean {
    return this.#head === this.#tail && this.#waitingLines === 0;
  }

  /** A call was begun. */
  begun(): void {
    this.#open++;
  }

  /** It was taken back, and will be begun again. */
  recalled(): void {
    this.#open--;
  }

  /** Its outcome is known. */
  ended(answer: LineAnswer): void {
    this.#open--;
    if (answer.outcome.state === 'value') {
      const { length } = answer.outcome.text;
      this.#typical.add(length);
      this.#width = Math.min(this.#width + 1, MOST_OPEN);
      if (answer.uses > 0) this.#held += length;
    }
    for (const line of this.#waiting.get(answer) ?? []) this.#push(line, answer);
    this.#waitingLines -= this.#waiting.get(answer)?.length ?? 0;
    this.#waiting.delete(answer);
  }

  add(line: number, answer: LineAnswer): void {
    if (answer.uses++ === 0) this.#held += answer.size;
    if (this.#ordered || answer.settled) return this.#push(line, answer);
    const lines = this.#waiting.get(answer);
    if (lines) lines.push(line);
    else this.#waiting.set(answer, [line]);
    this.#waitingLines++;
  }

  /** Hands out what is next, until that is open, or `take` wants no more. */
  drain(take: (line: number, answer: LineAnswer) => boolean): void {
    while (this.#head < this.#tail) {
      const at = this.#head % MOST_LINES;
      const answer = this.#queue[at] as LineAnswer;
      if (!answer.settled || !take(this.#numbers[at] as number, answer)) return;
      this.#queue[at] = undefined;
      this.#head++;
      if (--answer.uses === 0) this.#held -= answer.size;
    }
  }

  /** There is room: `hasRoom` was asked before each line. */
  #push(line: number, answer: LineAnswer): void {
    const at = this.#tail++ % MOST_LINES;
    this.#queue[at] = answer;
    this.#numbers[at] = line;
  }
}
