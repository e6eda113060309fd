/** What callers in this thread get of an entry, by the option `values` of its function. */

import { types } from 'node:util';
import type { MemoizeOptions } from '../options.ts';
import type { Codec, Encoded, Portable } from '../protocol.ts';
import { decode } from '../values/decode.ts';
import { FrozenValues } from '../values/frozen-values.ts';
import { isPrimitive } from '../values/primitive.ts';
import { isViewable } from '../values/shared.ts';
import { inSharedMemory, isShared } from '../values/shared-memory.ts';
import { LARGEST_HELD, Located } from './located.ts';
import type { NearLimits } from './near-cache.ts';

export type Values = NonNullable<MemoizeOptions['values']>;

/** There is no value. The same in every copy of this package, of which a thread may have two. */
export const MISS: unique symbol = Symbol.for('threadmemo:miss');

/** Larger ones are made anew each time rather than kept. */
const LARGEST_DECODED = 2 ** 18;

export class EntryValues {
  readonly #frozen = new FrozenValues();
  readonly #located: Located;

  constructor(limits: NearLimits) {
    this.#located = new Located(limits);
  }

  /** Of a value that was sent to this thread, or was computed here. */
  of(values: Values, entry: number, value: Portable): unknown {
    if (isPrimitive(value)) return value;
    this.locate(entry, value);
    switch (values) {
      case 'copy':
        return decode(value);
      case 'frozen':
        return this.#frozen.get(entry, () => decode(value));
      case 'shared':
        return isViewable(value) ? this.#viewOf(entry, value) : decode(value);
    }
  }

  /** Of an entry whose value lies beside the arena; {@link MISS} when it is not known here. */
  ofLocated(values: Values, entry: number, codec: Codec): unknown {
    const frozen = values === 'frozen' ? this.#frozen.known(entry) : undefined;
    if (frozen) return frozen;
    const bytes = this.#located.get(entry);
    return bytes ? this.of(values, entry, { codec, bytes }) : MISS;
  }

  #viewOf(entry: number, value: Encoded): Uint8Array {
    return this.#located.get(entry) ?? this.#located.add(entry, inSharedMemory(value));
  }

  /** Remembers where the bytes of a large value are. */
  locate(entry: number, value: Portable): void {
    if (!isPrimitive(value) && isShared(value.bytes)) this.#located.add(entry, value);
  }
}

/** Whether a value that was made of so many bytes may be given to others, too, and is kept for that. */
export function isKept(values: Values, value: unknown, length: number): boolean {
  if (values === 'shared' && types.isUint8Array(value)) {
    return length <= LARGEST_HELD && isShared(value);
  }
  return length <= LARGEST_DECODED && (values === 'frozen' || isPrimitive(value));
}
