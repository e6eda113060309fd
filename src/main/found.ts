/** A record that a tier had, as it goes on from there: to whoever waits, and into memory. */

import type { Encoded, Portable } from '../protocol.ts';
import type { TierRecord } from '../tiers/tier.ts';
import { ifLarge, toPortableAgain } from '../values/portable.ts';
import { isPrimitive } from '../values/primitive.ts';

export interface Found {
  readonly value: Portable;
  /** The same, as it was stored: what memory keeps of a primitive need not be encoded again. */
  readonly encoded: Encoded;
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
  readonly ms: number;
}

/** @throws for what is no record. */
export function foundIn({ value, expiresAt, ms }: TierRecord): Found {
  const found = toPortableAgain(value);
  // Copied here once, and not for everybody who waits for it.
  const encoded = isPrimitive(found) ? value : ifLarge(found);
  const portable = isPrimitive(found) ? found : encoded;
  return { value: portable, encoded, expiresAt: Number(expiresAt), ms: Number(ms) };
}
