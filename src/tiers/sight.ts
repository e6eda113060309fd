/** What a tier has under a key, for `explain`: asked past all counters, and a failure is an answer. */

import type { Tier, TierRecord } from './tier.ts';

/** A record, as `explain` sees it; dates in milliseconds since 1970. */
export interface RecordSight {
  readonly has: boolean;
  readonly failed?: boolean;
  readonly freshUntil?: number;
  readonly computedAt?: number | undefined;
  readonly computeMs?: number;
  readonly bytes?: number;
  readonly tags?: readonly string[];
  readonly dependsOn?: readonly string[];
}

/** @param date now, in milliseconds since 1970 */
export async function sightOf(
  see: () => Promise<TierRecord | undefined>,
  date: number,
): Promise<RecordSight> {
  try {
    const record = await see();
    if (!record || record.expiresAt <= date) return { has: false };
    const { computedAt, ms: computeMs, value, tags = [], dependsOn = [] } = record;
    const { staleFor = 0, renewableFor = 0 } = record;
    const freshUntil = record.expiresAt + renewableFor - staleFor;
    const [its, parts] = [tags, dependsOn].map((marks) => marks.map(({ name }) => name));
    const bytes = value.bytes.byteLength;
    return {
      has: true,
      freshUntil,
      computedAt,
      computeMs,
      bytes,
      tags: its ?? [],
      dependsOn: parts ?? [],
    };
  } catch {
    return { has: false, failed: true };
  }
}

export async function versionsIn(tier: Tier, name: string): Promise<readonly string[]> {
  try {
    return (await tier.versionsOf?.(name)) ?? [];
  } catch {
    return [];
  }
}

/** Where the version begins that may stand behind the name. */
export function endOfName(id: string): number {
  const at = id.indexOf('@', id.indexOf('#') + 1);
  return at < 0 ? id.length : at;
}
