/**
 * What the memo of one function costs, as threads have measured it at few calls: the medians of what was
 * measured last, because one measurement of a busy machine says little.
 */

import type { CallSample, Suspect } from '../protocol.ts';

/** Measurements that a median is of. */
const LATEST = 31;
const MOST_PATHS = 8;
/** One in so many stores is measured. */
const STORES = 16;

export interface SuspectSeen extends Suspect {
  /** At so many of the calls that were looked at. */
  readonly times: number;
}

export class MemoCosts {
  readonly #columns = new Map<string, number[]>();
  readonly #suspects = new Map<string, SuspectSeen>();
  #samples = 0;
  #stores = 0;
  needsKey = true;
  messages = 0;

  /** Calls that were looked at. */
  get samples(): number {
    return this.#samples;
  }

  get suspects(): Iterable<SuspectSeen> {
    return this.#suspects.values();
  }

  get keyMs(): number {
    return this.#median('key') ?? 0;
  }

  get copyMs(): number {
    return this.#median('copy') ?? 0;
  }

  /** Without the key; `undefined` while no value was there when one looked. */
  get hitMs(): number | undefined {
    return this.#median('hit');
  }

  get encodeMs(): number {
    return this.#median('encode') ?? 0;
  }

  get storeMs(): number {
    return this.#median('store') ?? 0;
  }

  add({ miss, hit }: CallSample): void {
    if (miss) this.#addMiss(miss);
    if (!hit) return;
    this.#note('hit', hit.ms);
    this.#note('encode', hit.encodeMs);
  }

  /** Whether the store that comes now is to be measured. */
  isStoreDue(): boolean {
    return this.#stores++ % STORES === 0;
  }

  stored(ms: number): void {
    this.#note('store', ms);
  }

  #addMiss(miss: NonNullable<CallSample['miss']>): void {
    this.#samples++;
    this.needsKey = miss.needsKey;
    this.messages = miss.messages;
    this.#note('key', miss.keyMs);
    this.#note('copy', miss.copyMs);
    for (const { is, path } of miss.suspects) {
      const name = `${is} ${path}`;
      const seen = this.#suspects.get(name);
      if (seen || this.#suspects.size < MOST_PATHS)
        this.#suspects.set(name, { is, path, times: (seen?.times ?? 0) + 1 });
    }
  }

  #note(what: string, ms: number): void {
    const column = this.#columns.get(what) ?? [];
    column.push(ms);
    if (column.length > LATEST) column.shift();
    this.#columns.set(what, column);
  }

  #median(what: string): number | undefined {
    const sorted = [...(this.#columns.get(what) ?? [])].sort((a, b) => a - b);
    return sorted[sorted.length >> 1];
  }
}
