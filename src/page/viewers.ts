/**
 * Those who look at the page: each has a stream of events. What they see is sampled and added up once for all of
 * them.
 *
 * Invariant: the timer runs, and tiers' operations are timed, exactly while there is a viewer. A viewer leaves
 * once, whichever end it is: its own, its server's, or the pool's.
 */

import type { Clock, Timer } from '../clock.ts';
import type { Latencies } from './latencies.ts';
import { type PageSnapshot, SAMPLE_MS, type ThreadSample } from './snapshot.ts';

/** A response that goes on. */
export interface EventStream {
  /** Its reader has not read what was sent before. */
  readonly isSlow: boolean;
  /** Its server takes no more connections, and waits for this one to end. */
  readonly isServerClosing: boolean;
  write(text: string): void;
  end(): void;
  /** Calls it once, when the other side has gone. */
  onGone(gone: () => void): void;
}

export interface ViewersParts {
  readonly clock: Clock;
  readonly latencies: Latencies;
  /** What threads do now. */
  threads(): ThreadSample['states'];
  look(at: number, samples: readonly ThreadSample[]): PageSnapshot;
}

/** A snapshot is sent at every fourth sample. */
const SAMPLES_OF_EACH = 4;
const KEPT_MS = 60_000;

export class Viewers {
  readonly #parts: ViewersParts;
  readonly #streams = new Set<EventStream>();
  /** Of the last minute, oldest first, as far as there was a viewer. */
  #samples: ThreadSample[] = [];
  /** The samples of which all viewers were told. */
  #sentUntil = 0;
  #ticks = 0;
  #timer: Timer | undefined;
  readonly #origin: number;

  constructor(parts: ViewersParts) {
    this.#parts = parts;
    this.#origin = parts.clock.date() - parts.clock.now();
  }

  get count(): number {
    return this.#streams.size;
  }

  add(stream: EventStream): void {
    this.#streams.add(stream);
    if (this.#streams.size === 1) this.#begin();
    stream.onGone(() => this.#leave(stream));
    if (!this.#streams.has(stream)) return;
    this.#sample();
    stream.write(`retry: 2000\n\n${eventOf(this.#look(this.#samples))}`);
  }

  /** The pool is closed: what is to be seen of it is that. */
  close(): void {
    if (this.#streams.size === 0) return;
    const last = eventOf({ ...this.#look([]), state: 'closed' });
    for (const stream of [...this.#streams]) {
      stream.write(last);
      this.#end(stream);
    }
  }

  #begin(): void {
    this.#parts.latencies.listen();
    this.#sentUntil = this.#now();
    this.#ticks = 0;
    this.#tickLater();
  }

  #tickLater(): void {
    this.#timer = this.#parts.clock.after(SAMPLE_MS, () => this.#tick());
  }

  #tick(): void {
    for (const stream of [...this.#streams]) if (stream.isServerClosing) this.#end(stream);
    if (this.#streams.size === 0) return;
    this.#tickLater();
    this.#sample();
    this.#ticks++;
    if (this.#ticks % SAMPLES_OF_EACH === 0) this.#send();
  }

  #send(): void {
    const readers = [...this.#streams].filter(({ isSlow }) => !isSlow);
    if (readers.length === 0) return;
    const fresh = this.#samples.filter(({ at }) => at > this.#sentUntil);
    this.#sentUntil = this.#now();
    const event = eventOf(this.#look(fresh));
    for (const reader of readers) reader.write(event);
  }

  #sample(): void {
    const at = this.#now();
    const kept = this.#samples.findIndex((sample) => sample.at > at - KEPT_MS);
    this.#samples.splice(0, kept === -1 ? this.#samples.length : kept);
    this.#samples.push({ at, states: this.#parts.threads() });
  }

  #look(samples: readonly ThreadSample[]): PageSnapshot {
    return this.#parts.look(this.#now(), samples);
  }

  /** Milliseconds since 1970 that never go back, whatever happens to the system's clock. */
  #now(): number {
    return Math.round(this.#origin + this.#parts.clock.now());
  }

  #end(stream: EventStream): void {
    this.#leave(stream);
    stream.end();
  }

  #leave(stream: EventStream): void {
    if (!this.#streams.delete(stream) || this.#streams.size > 0) return;
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#parts.latencies.stop();
  }
}

function eventOf(snapshot: PageSnapshot): string {
  return `data: ${JSON.stringify(snapshot)}\n\n`;
}
