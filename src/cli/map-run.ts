/**
 * Takes lines, calls the function, gives results out. The loop of `run` waits in two places: for a
 * block of lines, and for room in the window, which is there when results could be written.
 */

import { LoadError, PoolClosedError } from '../errors.ts';
import { performance, setImmediate } from '../runtime/globals.ts';
import { LineAnswer } from './answer.ts';
import { KnownLines } from './known-lines.ts';
import { type Block, NotUtf8 } from './lines.ts';
import { argumentsIn, type MapRunParts } from './map-run-parts.ts';
import { failed, failedHere, type LineOutcome, outcomeOf, WITHDRAWN } from './outcome.ts';
import { Recalled, type RecalledCall } from './recalled.ts';
import { ofItself, withItsLine } from './result-line.ts';
import { LineWindow } from './window.ts';

/** Milliseconds without a turn of the event loop, which brings results, and hands out the next call. */
const TURN_MS = 1;
const LINES_BETWEEN_LOOKS = 256;

export class MapRun {
  /** Lines read; of them those that are blank, those written, and those written that have failed. */
  lines = 0;
  blank = 0;
  written = 0;
  failures = 0;
  /** Of the input. */
  bytes = 0;
  /** Lines that have joined another with the same text, and what that has saved. */
  joined = 0;
  joinedMs = 0;
  readonly #parts: MapRunParts;
  readonly #window: LineWindow;
  readonly #known = new KnownLines();
  readonly #recalled = new Recalled();
  #reading = true;
  /** Results that were computed, but not written, stand behind one that there is not. */
  #cut = false;
  /** No thread can load the function: every line would fail with it. */
  #unloadable: LoadError | undefined;
  #wake: (() => void) | undefined;

  constructor(parts: MapRunParts) {
    this.#parts = parts;
    this.#window = new LineWindow(!parts.unordered, parts.threads);
  }

  /**
   * Settles when every line was answered, or no more can be done.
   * @throws what reading throws @throws {LoadError} when no thread can load the function
   */
  async run(blocks: AsyncIterable<Block>): Promise<void> {
    try {
      await this.#answerAll(blocks);
    } finally {
      // What is answered from now on, as when the pool closes, comes too late.
      this.#cut = true;
      await this.#parts.output.flush();
    }
    if (this.#unloadable) throw this.#unloadable;
  }

  /** Of the lines read, those that are over. */
  get share(): number {
    return (this.written + this.blank) / Math.max(this.lines, 1);
  }

  /** No more lines are read; those that were begun are answered. */
  stop(): void {
    if (!this.#reading) return;
    this.#reading = false;
    this.#parts.endInput();
    this.changed();
  }

  /** The same, and of those that were begun, the ones that no thread computes yet are not answered. */
  withdraw(): void {
    this.stop();
    for (const { answer } of this.#recalled.takeAll()) {
      this.#window.begun();
      this.#settle(answer, WITHDRAWN);
    }
    this.#parts.withdraw();
  }

  /** Something has been answered or written. */
  changed(): void {
    if (this.#parts.output.unread) this.stop();
    this.#drain();
    if (this.#window.tooWide) this.#recall();
    this.#callAgain();
    this.#wake?.();
  }

  get #over(): boolean {
    const { output, keepGoing } = this.#parts;
    if (output.broken || (this.failures > 0 && !keepGoing)) return true;
    return this.#window.open === 0 && (this.#cut || this.#window.empty);
  }

  async #answerAll(blocks: AsyncIterable<Block>): Promise<void> {
    try {
      await this.#read(blocks);
    } catch (cause) {
      if (this.#reading) throw cause;
    }
    this.#reading = false;
    while (!this.#over) await this.#change();
  }

  async #read(blocks: AsyncIterable<Block>): Promise<void> {
    let turn = performance.now();
    for await (const { lines, bytes } of blocks) {
      const bytesEach = bytes / lines.length;
      for (const line of lines) {
        if (!this.#reading) return;
        this.#take(line);
        this.bytes += bytesEach;
        if (this.lines % LINES_BETWEEN_LOOKS !== 0 && this.#hasRoom) continue;
        if (performance.now() - turn > TURN_MS) {
          await new Promise((resolve) => setImmediate(resolve));
          turn = performance.now();
        }
        this.#drain();
        while (!this.#hasRoom && this.#reading) await this.#change();
      }
      this.#drain();
    }
  }

  get #hasRoom(): boolean {
    return this.#recalled.size === 0 && this.#window.hasRoom;
  }

  #take(given: string | NotUtf8): void {
    this.lines++;
    if (given instanceof NotUtf8) {
      const answer = new LineAnswer(given);
      this.#window.add(this.lines, answer);
      this.#window.begun();
      return this.#settle(answer, failedHere(new SyntaxError('the line is not UTF-8')));
    }
    const line = given.endsWith('\r') ? given.slice(0, -1) : given;
    const known = this.#known.get(line);
    if (known && this.#answers(known)) this.#again(known);
    else if (line.trim() !== '') this.#call(line);
    else this.blank++;
  }

  /** By far the most common case, where it is common at all: nothing is open, and nothing to do. */
  #again(known: LineAnswer): void {
    if (this.#window.empty && known.settled && this.#giveOut(this.lines, known)) return;
    this.#window.add(this.lines, known);
  }

  #answers(known: LineAnswer): boolean {
    if (known.settled) return known.held?.use() ?? false;
    known.joined++;
    return true;
  }

  #call(line: string): void {
    // A line as it was split off would keep its whole block in memory.
    const answer = new LineAnswer(Buffer.from(line).toString());
    this.#window.add(this.lines, answer);
    this.#window.begun();
    this.#known.add(answer);
    let args: unknown[];
    try {
      args = argumentsIn(line, this.#parts.args);
    } catch (cause) {
      return this.#settle(answer, failedHere(cause));
    }
    answer.held = this.#parts.hold(args);
    this.#begin({ line: this.lines, answer, args });
  }

  #begin(call: RecalledCall): void {
    const { answer, args } = call;
    this.#parts.call(...args).then(
      (value) => this.#settle(answer, outcomeOf(value), args),
      (error: unknown) => this.#rejected(call, error),
    );
  }

  #recall(): void {
    this.#recalled.expect(this.#window.open);
    this.#parts.withdraw();
  }

  #callAgain(): void {
    while (this.#recalled.size > 0 && (this.#window.hasRoomForCall || this.#window.isStuck)) {
      this.#window.begun();
      this.#begin(this.#recalled.next() as RecalledCall);
    }
  }

  #rejected(call: RecalledCall, error: unknown): void {
    const { answer } = call;
    if (this.#recalled.takes(call, error)) {
      this.#window.recalled();
      return this.#callAgain();
    }
    if (error instanceof LoadError) {
      this.#unloadable = error;
      this.stop();
    }
    const isWithdrawn = error instanceof LoadError || error instanceof PoolClosedError;
    this.#settle(answer, isWithdrawn ? WITHDRAWN : failed(error));
  }

  #settle(answer: LineAnswer, outcome: LineOutcome, args?: readonly unknown[]): void {
    answer.outcome = outcome;
    const { held, joined } = answer;
    // To keep every line for its next time would cost memory, and most inputs do not come again.
    const comesAgain = held !== undefined || joined > 0;
    if (outcome.state === 'value' && args && comesAgain) {
      answer.held = this.#parts.hold(args);
      this.joined += joined;
      this.joinedMs += joined * (answer.held?.ms ?? 0);
      this.#known.grown(answer);
    } else this.#known.forget(answer);
    this.#window.ended(answer);
    if (outcome.state === 'failed' && !this.#parts.keepGoing) this.stop();
    this.changed();
  }

  #drain(): void {
    this.#window.drain((line, answer) => this.#giveOut(line, answer));
  }

  /** False when nothing can be given out now. */
  #giveOut(line: number, { outcome, source }: LineAnswer): boolean {
    const { output, keepGoing, unordered } = this.#parts;
    if (!output.hasRoom || this.#cut || output.broken) return false;
    if (outcome.state === 'withdrawn') {
      this.#cut = !unordered;
      return unordered;
    }
    if (outcome.state === 'failed') {
      this.failures++;
      this.#parts.failed(line, source, outcome.error);
      this.#cut = !keepGoing;
      if (!keepGoing) return false;
    }
    output.add(unordered ? withItsLine(line, outcome) : ofItself(outcome));
    this.written++;
    return true;
  }

  #change(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }
}
