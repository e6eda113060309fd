/**
 * What a tracked computation has read in this thread by itself: the coordinator does not learn of hits, so it
 * is told of them with the outcome. Everything else that the computation gets comes from the coordinator.
 *
 * Of more than so many keys only their functions are told, so that what is sent is bounded.
 */

import type { PartRead } from '../protocol.ts';

const MOST_KEYS = 128;
const MOST_TAGS = 4096;

/** A hit, as it was read. */
export interface HitSight {
  readonly freshUntil: number;
  readonly tags: readonly { readonly cell: number; readonly generation: number }[] | undefined;
}

interface Read {
  readonly fn: string;
  readonly key: string | undefined;
  freshUntil: number;
  readonly tags: Map<string, readonly [number, number]>;
}

export class Tracker {
  #reads = new Map<string, Read>();
  #tags = 0;
  #isLost = false;

  used(fn: string, key: string, sight: HitSight): void {
    this.#add({ fn, key }, sight.freshUntil, sight.tags ?? []);
    if (this.#reads.size > MOST_KEYS) this.#takeWhole();
  }

  /** It has used what cannot be told: its value is not to be kept. */
  cannotTell(): void {
    this.#isLost = true;
  }

  /** For the coordinator; `undefined` when it has read nothing. */
  get parts(): readonly PartRead[] | 'unknown' | undefined {
    if (this.#isLost || this.#tags > MOST_TAGS) return 'unknown';
    if (this.#reads.size === 0) return undefined;
    return [...this.#reads.values()].map(({ fn, key, freshUntil, tags }) => ({
      fn,
      key,
      freshUntil,
      tags: [...tags.values()].flat(),
    }));
  }

  #add(
    { fn, key }: Pick<Read, 'fn' | 'key'>,
    freshUntil: number,
    tags: Iterable<{ readonly cell: number; readonly generation: number }>,
  ): void {
    const isWhole = key !== undefined && this.#reads.has(nameOf(fn, undefined));
    const name = nameOf(fn, isWhole ? undefined : key);
    const read = this.#reads.get(name) ?? {
      fn,
      key,
      freshUntil: Number.POSITIVE_INFINITY,
      tags: new Map(),
    };
    this.#reads.set(name, read);
    read.freshUntil = Math.min(read.freshUntil, freshUntil);
    const before = read.tags.size;
    if (this.#tags <= MOST_TAGS)
      for (const { cell, generation } of tags)
        read.tags.set(`${cell} ${generation}`, [cell, generation]);
    this.#tags += read.tags.size - before;
  }

  #takeWhole(): void {
    const reads = [...this.#reads.values()];
    this.#reads = new Map();
    this.#tags = 0;
    for (const { fn, freshUntil, tags } of reads) {
      const its = [...tags.values()].map(([cell, generation]) => ({ cell, generation }));
      this.#add({ fn, key: undefined }, freshUntil, its);
    }
  }
}

function nameOf(fn: string, key: string | undefined): string {
  return key === undefined ? fn : `${fn}\0${key}`;
}
