/** What has happened so far, in numbers; and in words, for a person. */

import type { NotStored } from './watched-tier.ts';
import { duration, grouped } from './wording.ts';

export interface Counts {
  readonly lines: number;
  readonly written: number;
  readonly failed: number;
  /** Threads that have died of what no line has failed with. */
  readonly uncaught: number;
  /** Answered from the cache, wherever that is; of them, by the tiers. */
  readonly hits: number;
  readonly hitsOnDisk: number;
  readonly hitsInRedis: number;
  /** Answered by a computation that another line had asked for. */
  readonly deduplicated: number;
  readonly computed: number;
  readonly computeMsSpent: number;
  readonly computeMsSaved: number;
  /** Since the first line. */
  readonly ms: number;
}

/** Where results are for the next time. */
export interface Kept extends NotStored {
  /** The tier's name. */
  readonly tier: string;
  readonly place: string;
}

export function summary(counts: Counts): string {
  const { written, ms, computed, hits, deduplicated, failed } = counts;
  const rate = grouped(written / Math.max(ms / 1000, 0.001));
  const tiers = [
    ...(counts.hitsOnDisk > 0 ? [`${grouped(counts.hitsOnDisk)} on disk`] : []),
    ...(counts.hitsInRedis > 0 ? [`${grouped(counts.hitsInRedis)} in Redis`] : []),
  ];
  const inTiers = tiers.length > 0 ? ` (${tiers.join(', ')})` : '';
  const parts = [
    `${grouped(computed)} computed`,
    `${grouped(hits)} hits${inTiers}`,
    `${grouped(deduplicated)} deduplicated`,
    `${grouped(failed)} failed`,
    `${duration(counts.computeMsSaved)} of CPU time saved`,
  ];
  return `${grouped(written)} lines in ${duration(ms)} (${rate}/s): ${parts.join(', ')}`;
}

/** One line of progress. @param fraction of the input, when its size is known */
export function progressLine(counts: Counts, rate: number, fraction: number | undefined): string {
  const { written, hits, deduplicated, failed, computeMsSaved, ms } = counts;
  const known = fraction !== undefined && fraction > 0 && fraction <= 1;
  const parts = [
    `${grouped(written)} lines`,
    ...(known ? [`${Math.floor(fraction * 100)}%`] : []),
    `${grouped(rate)}/s`,
    ...(known ? [`ETA ${duration(Math.max(0, (ms * (1 - fraction)) / fraction))}`] : []),
    `${grouped(hits)} hits`,
    `${grouped(deduplicated)} deduplicated`,
    `${grouped(failed)} failed`,
    `${duration(computeMsSaved)} CPU saved`,
  ];
  return parts.join(' · ');
}

export function failing(kept: readonly Kept[]): readonly Kept[] {
  return kept.filter(({ notStored }) => notStored > 0);
}

/** A line for each place that does not have everything. */
export function notStored(kept: readonly Kept[]): readonly string[] {
  return failing(kept).map((each) => `${lost(each)} not stored in ${each.place}: ${why(each)}`);
}

/** @param kept fastest first @param soFar the file that has the results so far */
export function howToResume(kept: readonly Kept[], soFar: string | undefined): string {
  const interrupted = `interrupted${soFar ? `; the results so far are in ${soFar}` : ''}`;
  // What one place does not have, the others may.
  const [best] = [...kept].sort((a, b) => a.notStored - b.notStored);
  if (!best) return `${interrupted}. With --cache <dir> the same command would go on where it was`;
  const { place, notStored } = best;
  return notStored === 0
    ? `${interrupted}. What was computed is in ${place}: the same command goes on from there`
    : `${interrupted}. What was computed is in ${place}, but ${lost(best)} not (${why(best)}): ` +
        'the same command goes on from there, and computes these again';
}

/** A line, if threads have died of what no line has failed with. */
export function threadDeaths({ uncaught }: Counts): readonly string[] {
  if (uncaught === 0) return [];
  const times =
    uncaught === 1 ? 'a thread has died' : `threads have died ${grouped(uncaught)} times`;
  return [`${times} of errors that no line has failed with: see the warnings above`];
}

function lost({ notStored }: Kept): string {
  return notStored === 1 ? '1 result was' : `${grouped(notStored)} results were`;
}

function why({ reason = 'too many writes were under way' }: Kept): string {
  return reason;
}
