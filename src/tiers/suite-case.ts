/** What the cases of the suite are made of: a tier to themselves, and records. */

import { deepEqual, equal, ok } from 'node:assert/strict';
import { Codec } from '../protocol.ts';
import type { Tier, TierRecord } from './tier.ts';

/** One case that a tier must pass; `run` rejects where it does not. */
export interface TierCase {
  readonly name: string;
  /** Why it does not apply to this tier, where that was declared. */
  readonly skip: string | undefined;
  /** Rejects with an `AssertionError` if the tier does not hold. */
  run(open: OpenTier): Promise<void>;
}

/** Opens a tier that is empty. */
export type OpenTier = () => Tier | Promise<Tier>;

export function caseWith<T extends Tier>(name: string, run: (tier: T) => Promise<void>): TierCase {
  return {
    name,
    skip: undefined,
    async run(open) {
      const tier = (await open()) as T;
      try {
        await run(tier);
      } finally {
        await tier.close();
      }
    },
  };
}

export function record(bytes: number[], codec: keyof typeof Codec = 'uint8array'): TierRecord {
  const value = { codec: Codec[codec], bytes: new Uint8Array(bytes) };
  return { value, expiresAt: 4_000_000_000_000, ms: 12.5 };
}

export async function expectRecord(
  tier: Tier,
  functionId: string,
  key: string,
  expected: TierRecord | undefined,
): Promise<void> {
  expectSame(await tier.get(functionId, key), expected, `${functionId}, ${key}`);
}

export function expectSame(
  actual: TierRecord | undefined,
  expected: TierRecord | undefined,
  what: string,
): void {
  ok(
    !actual === !expected,
    `${what}: a record ${actual ? 'is there, and should not be' : 'is missing'}`,
  );
  if (!actual || !expected) return;
  const { bytes, codec } = actual.value;
  deepEqual([...bytes], [...expected.value.bytes], `${what}: other bytes`);
  equal(codec, expected.value.codec, `${what}: another codec`);
  equal(actual.expiresAt, expected.expiresAt, `${what}: another expiresAt`);
  equal(actual.ms, expected.ms, `${what}: another ms`);
  equal(bytes.buffer.byteLength, bytes.length, `${what}: bytes that are a view of a larger buffer`);
}
