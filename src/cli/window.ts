/**
 * The lines between input and output: in the order of the input, or, unordered, as they are answered.
 *
 * It is wide, because what waits for another process, or for a slow call at its head, should keep no
 * thread from what comes after. It is bounded in calls, in lines, and in bytes: those that are held,
 * and those that open calls will bring, by what results have been like so far.
 */

import type { Answer } from './answer.ts';

/** Many more, and what calls leave behind gets old before it is collected: twice the memory. */
const MOST_OPEN = 2 ** 10;
/** Enough to read on while the first calls are computed: 16 bytes each. */
const MOST_LINES = 2 ** 20;
/** Characters. */
const MOST_HELD = 8 * 2 ** 20;
/** Characters: what an open call takes itself, and what the first results are taken for. */
const CALL = 500;

export class Window {
  readonly #ordered: boolean;
  /** A ring: answers in the order of output, and their lines' numbers. */
  readonly #queue = new Array<Answer | undefined>(MOST_LINES).fill(undefined);
  readonly #numbers = new Float64Array(MOST_LINES);
  #head = 0;
  #tail = 0;
  /** Lines of open calls that will come into the queue when they are answered. */
  readonly #waiting = new Map<Answer, number[]>();
  #waitingLines = 0;
  #held = 0;
  #open = 0;
  /** A mean that forgets: of the results of calls. */
  #typical = CALL;

  constructor(ordered: boolean) {
    this.#ordered = ordered;
  }

  get hasRoom(): boolean {
    return (
      this.#open < MOST_OPEN &&
      this.#tail - this.#head + this.#waitingLines < MOST_LINES &&
      this.#held + this.#open * (CALL + this.#typical) < MOST_HELD
    );
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

  /** Its outcome is known. */
  ended(answer: Answer): void {
    this.#open--;
    if (answer.outcome.state === 'value') {
      const { length } = answer.outcome.text;
      this.#typical += (length - this.#typical) / (length > this.#typical ? 4 : 64);
      if (answer.uses > 0) this.#held += length;
    }
    for (const line of this.#waiting.get(answer) ?? []) this.#push(line, answer);
    this.#waitingLines -= this.#waiting.get(answer)?.length ?? 0;
    this.#waiting.delete(answer);
  }

  add(line: number, answer: Answer): void {
    if (answer.uses++ === 0) this.#held += answer.size;
    if (this.#ordered || answer.settled) return this.#push(line, answer);
    const lines = this.#waiting.get(answer);
    if (lines) lines.push(line);
    else this.#waiting.set(answer, [line]);
    this.#waitingLines++;
  }

  /** Hands out what is next, until that is open, or `take` wants no more. */
  drain(take: (line: number, answer: Answer) => boolean): void {
    while (this.#head < this.#tail) {
      const at = this.#head % MOST_LINES;
      const answer = this.#queue[at] as Answer;
      if (!answer.settled || !take(this.#numbers[at] as number, answer)) return;
      this.#queue[at] = undefined;
      this.#head++;
      if (--answer.uses === 0) this.#held -= answer.size;
    }
  }

  /** There is room: `hasRoom` was asked before each line. */
  #push(line: number, answer: Answer): void {
    const at = this.#tail++ % MOST_LINES;
    this.#queue[at] = answer;
    this.#numbers[at] = line;
  }
}
