/**
 * Progress, on the standard error: on a terminal one line that is written over, elsewhere a plain
 * line now and then.
 */

import { clearInterval, setInterval } from '../runtime/globals.ts';
import { type Counts, progressLine } from './report.ts';
import { tell } from './tell.ts';

const REDRAW_MS = 100;
const PLAIN_LINE_MS = 10_000;
const CLEAR = '\r\x1b[2K';

export interface ProgressSource {
  readonly counts: Counts;
  /** Of the input, from 0 to 1; `undefined` when its size is not known. */
  readonly fraction: number | undefined;
}

export class ProgressLine {
  readonly #source: () => ProgressSource;
  readonly #isTerminal = process.stderr.isTTY === true;
  #timer: NodeJS.Timeout | undefined;
  #isDrawn = false;
  /** What the rate is measured from: some seconds ago. */
  #marks: { readonly ms: number; readonly written: number }[] = [];

  constructor(source: () => ProgressSource) {
    this.#source = source;
  }

  start(): void {
    const every = this.#isTerminal ? REDRAW_MS : PLAIN_LINE_MS;
    this.#timer = setInterval(() => this.#show(), every);
    this.#timer.unref();
  }

  /** Says something that stays. */
  say(text: string): void {
    this.#clear();
    tell(text);
  }

  end(): void {
    clearInterval(this.#timer);
    this.#clear();
  }

  #show(): void {
    const { counts, fraction } = this.#source();
    const line = progressLine(counts, this.#rate(counts), fraction);
    if (!this.#isTerminal) return void process.stderr.write(`threadmemo: ${line}\n`);
    // One column is left free: a terminal may begin a new line after the last.
    const text = line.slice(0, (process.stderr.columns || 80) - 1);
    process.stderr.write(CLEAR + text);
    this.#isDrawn = true;
  }

  /** Lines a second, over the last marks. */
  #rate({ ms, written }: Counts): number {
    this.#marks.push({ ms, written });
    if (this.#marks.length > 30) this.#marks.shift();
    const first = this.#marks.length > 1 ? this.#marks[0] : undefined;
    const { ms: since, written: before } = first ?? { ms: 0, written: 0 };
    return ((written - before) * 1000) / Math.max(ms - since, 1);
  }

  #clear(): void {
    if (this.#isDrawn) process.stderr.write(CLEAR);
    this.#isDrawn = false;
  }
}
