/** What the coordinator keeps of one function. */

import { measured } from '../events/durations.ts';
import { Histogram } from '../order/histogram.ts';
import { type FunctionInfo, SHORT_STRETCH } from '../protocol.ts';
import { Durations } from './durations.ts';
import { MemoCosts } from './memo-costs.ts';
import { Misses } from './misses.ts';
import { Counters } from './stats.ts';

/** Measures. */
const DOUBTED_FOR = 10;

/** One memoized function, as the coordinator knows it. */
export class FunctionRecord {
  readonly info: FunctionInfo;
  /** What messages call it. */
  readonly number: number;
  /** What a computation has kept its thread busy for lately; `Infinity` when that is not known. */
  typicalMs = Number.POSITIVE_INFINITY;
  /**
   * Milliseconds: the longest that a computation has lately kept its thread from anything else, nested
   * ones among it that ran right there; `undefined` when that is not known. See `beside.ts`.
   */
  stretchMs: number | undefined;
  /** Milliseconds in which a tier has answered with one of its values lately; `Infinity` when none has. */
  readMs = Number.POSITIVE_INFINITY;
  #makesCalls = false;
  /** Its computations have awaited something else than calls. */
  awaits = false;
  #computed = 0;
  #wallMs: number | undefined;
  /** Milliseconds: what its computations have lately kept their thread for before they awaited something. */
  #startMs: number | undefined;
  /** So many stretches after a long one: the next long one counts. */
  #doubt = 0;
  /** Threads may have begun keys of it, or may not any more: the words of its keys are taken, see `begun.ts`. */
  hasWords = false;
  /** By the clock: when all of its entries were forgotten last. */
  clearedAt = Number.NEGATIVE_INFINITY;
  /** One of its computations may have taken a thread down. */
  hasKilled = false;
  /** One of its computations has exceeded its `hardTimeout`. */
  hasTimedOut = false;
  readonly counters = new Counters();
  /** Of its computations, cancelled ones among them: what the function itself took. */
  readonly times = new Histogram();
  /** Of its computations, as `counters.computeMsSpent` adds them up. */
  readonly durations = new Durations();
  readonly misses = new Misses();
  readonly costs = new MemoCosts();

  constructor(info: FunctionInfo, number: number) {
    this.info = info;
    this.number = number;
  }

  /** Its time is not its own: it calls memoized functions, which may run in the same thread. */
  makesCalls(): void {
    this.#makesCalls = true;
    this.typicalMs = Number.POSITIVE_INFINITY;
  }

  /** Of all computations, what they waited for included; `Infinity` when there was none. */
  get averageMs(): number {
    return this.#computed > 0
      ? this.counters.computeMsSpent / this.#computed
      : Number.POSITIVE_INFINITY;
  }

  /** Of those whose time on the wall was told, waits included; 0 when there was none. */
  get averageWallMs(): number {
    return this.#wallMs ?? 0;
  }

  /** A computation took so long from start to end. */
  tookInAll(wallMs: number): void {
    this.#wallMs = averageOf(this.#wallMs, wallMs);
  }

  /** As far as is known, its computations keep their thread for a moment only. */
  get isShort(): boolean {
    const { stretchMs = this.#startMs } = this;
    return stretchMs !== undefined && Math.max(stretchMs, this.#startMs ?? 0) <= SHORT_STRETCH;
  }

  /**
   * A computation awaits something, and has kept its thread for at most so long until now.
   * @param isFirst it is reported for the first time
   */
  awaited(ms: number, isFirst: boolean): void {
    this.awaits = true;
    if (isFirst) {
      // Clipped, because one long start among short ones may be the machine's fault.
      this.#startMs = averageOf(this.#startMs, Math.min(ms, 2 * SHORT_STRETCH));
      this.#keptBusy(ms);
    } else if (ms > (this.stretchMs ?? 0)) this.keptThread(ms);
  }

  /**
   * What is longer counts at once, and is forgotten in some ten computations that are shorter. But one
   * long stretch among short ones may be the machine's fault: it counts if another one follows soon.
   */
  keptThread(ms: number): void {
    const isDoubtful = this.isShort && ms > SHORT_STRETCH && this.#doubt === 0;
    this.#doubt = isDoubtful ? DOUBTED_FOR : Math.max(0, this.#doubt - 1);
    if (isDoubtful) return;
    const before = this.stretchMs ?? ms;
    this.stretchMs = Math.max(ms, before + (ms - before) / 4);
  }

  /** A tier has answered with one of its values. */
  wasRead(ms: number): void {
    const before = Number.isFinite(this.readMs) ? this.readMs : ms;
    this.readMs = before + (ms - before) / 10;
  }

  /** @param awaited milliseconds in which it kept no thread; `undefined` when it kept one all the time */
  took(ms: number, awaited?: number): void {
    this.counters.computeMsSpent += ms;
    this.times.observe(ms);
    measured('compute', ms);
    this.counters.computeMsAwaited += awaited ?? 0;
    this.durations.add(ms);
    this.#computed++;
    if (awaited === undefined) this.#keptBusy(ms);
  }

  #keptBusy(ms: number): void {
    if (this.#makesCalls) return;
    const before = Number.isFinite(this.typicalMs) ? this.typicalMs : undefined;
    // Not below what taking a task out of a message costs the thread.
    this.typicalMs = Math.max(0.005, averageOf(before, ms));
  }
}

/** A moving average over about ten computations. */
function averageOf(before: number | undefined, ms: number): number {
  return before === undefined ? ms : before + (ms - before) / 10;
}
