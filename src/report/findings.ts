/**
 * Which memos do not pay, and what to change: six ways to lose, each with its figure. Below a thousandth of
 * the time, or five milliseconds, nothing is said.
 */

import type { Limit } from '../coordinator/departures.ts';
import type { SuspectSeen } from '../coordinator/memo-costs.ts';
import { duration, percent, roundedUp, size } from './figures.ts';
import type { FunctionReport, MemoFinding } from './pool-report.ts';
import type { FunctionFacts } from './reckon.ts';

/** Of which the limits are known. */
export interface PoolLimits {
  readonly max: number;
  readonly maxSize: number;
  readonly maxEntrySize: number;
}

export interface Judged {
  readonly report: FunctionReport;
  readonly facts: FunctionFacts;
  /** As it is called in sentences. */
  readonly name: string;
  /** Milliseconds since the pool was opened. */
  readonly ms: number;
  readonly limits: PoolLimits;
}

const LEAST_MS = 5;
const LEAST_SHARE = 0.001;
/** Fewer calls, or misses of a kind, are chance. */
const FEW_CALLS = 50;
const FEW_MISSES = 10;
/** Looked at so often, something that was there almost every time is there every time. */
const FEW_SAMPLES = 4;
const ALMOST_ALL = 0.9;

/** What makes all others of a function likely comes first. */
const JUDGES = [listCallback, changingKey, tooLarge, evicted, expired];

export function findingsOf(judged: Judged): readonly MemoFinding[] {
  const matters = ({ lossMs }: MemoFinding) =>
    lossMs >= Math.max(LEAST_MS, judged.ms * LEAST_SHARE);
  const found = JUDGES.map((judge) => judge(judged)).filter((each) => each !== undefined);
  const mattering = found.filter(matters);
  // A key that never comes again is missed for any of the other reasons, too.
  const [first] = mattering;
  if (first?.kind === 'list callback' || first?.kind === 'changing key') return [first];
  const cheap = tooCheap(judged);
  const isCause = mattering.length > 0 && cheap?.kind === 'too cheap' && !isHopeless(judged);
  return cheap && matters(cheap) && !isCause ? [...mattering, cheap] : mattering;
}

/** `items.map(f)`: the index and the list are part of every key. */
function listCallback({ report, facts, name }: Judged): MemoFinding | undefined {
  const seen = suspectOf(facts, ['list callback'], 1, 0.5);
  if (!seen || report.calls === 0) return undefined;
  return {
    kind: 'list callback',
    functionId: report.id,
    lossMs: (report.memo?.ms ?? 0) + report.computeMsSpent,
    path: seen.path,
    text:
      `\`${name}\` was called with an item, its index and the whole list, as \`items.map(f)\` does: all three ` +
      'are part of its key. Write `items.map((item) => f(item))`, or `f.map(items)`.',
  };
}

/** The time of day, or a random id, in a key that was never found again. */
function changingKey({ report, facts, name }: Judged): MemoFinding | undefined {
  const { calls, hits, waits } = report;
  const seen = suspectOf(facts, ['timestamp', 'random id'], FEW_SAMPLES, ALMOST_ALL);
  if (!seen || calls < FEW_CALLS || hits + waits > calls / 100) return undefined;
  const found = hits + waits === 0 ? 'no call' : `${percent((hits + waits) / calls)} of the calls`;
  return {
    kind: 'changing key',
    functionId: report.id,
    lossMs: (report.memo?.ms ?? 0) + report.computeMsSpent,
    option: 'key',
    path: seen.path,
    text:
      `\`key\` of \`${name}\` has a ${seen.is} in ${seen.path}: ${found} in ${calls.toLocaleString('en')} was a ` +
      'hit. Leave it out of the arguments, or choose what matters with the `key` option.',
  };
}

function tooLarge({ report, facts, name, limits }: Judged): MemoFinding | undefined {
  const { misses } = facts.fn;
  const again = misses.of('too large');
  if (again === 0) return undefined;
  const wanted = roundedUp(misses.largest);
  // An entry may take nine tenths of `maxSize`, and an eighth by default.
  const fits = wanted <= limits.maxSize * 0.9;
  const option = fits ? 'maxEntrySize' : 'maxSize';
  const value = size(fits ? wanted : wanted * 8);
  return {
    kind: 'too large',
    functionId: report.id,
    lossMs: misses.tooLargeMs,
    option,
    value,
    text:
      `${percent(again / report.misses)} of the misses of \`${name}\` are values that were too large to keep, up to ` +
      `${size(misses.largest)}: \`${option}: '${value}'\` would have saved ${duration(misses.tooLargeMs)}.`,
  };
}

const OPTIONS: Readonly<Record<Limit, string>> = {
  max: 'max',
  'pool max': 'max',
  maxSize: 'maxSize',
};

function evicted({ report, facts, name, limits }: Judged): MemoFinding | undefined {
  const { misses, info } = facts.fn;
  const count = misses.of('evicted');
  if (count < FEW_MISSES || count < report.misses / 10) return undefined;
  const bests = (Object.keys(OPTIONS) as Limit[]).map((limit) => bestOf(facts, limit));
  const best = bests.reduce((a, b) => (b.savedMs > a.savedMs ? b : a));
  if (best.savedMs === 0) return undefined;
  const option = OPTIONS[best.limit];
  const now =
    best.limit === 'max' ? info.max : best.limit === 'maxSize' ? limits.maxSize : limits.max;
  const value =
    best.limit === 'maxSize' ? size(now * 2 ** best.doublings) : `${now * 2 ** best.doublings}`;
  const shown = best.limit === 'maxSize' ? `'${value}'` : value;
  const where = best.limit === 'max' ? '' : ' of `createPool()`';
  return {
    kind: 'evicted',
    functionId: report.id,
    lossMs: best.savedMs,
    option,
    value,
    text:
      `${percent(count / report.misses)} of the misses of \`${name}\` are evictions: \`${option}: ${shown}\`${where} ` +
      `would have saved ${duration(best.savedMs)}.`,
  };
}

/** The smallest size that saves most of what the largest one would. */
function bestOf({ fn }: FunctionFacts, limit: Limit) {
  const ghosts = fn.misses.ghosts(limit);
  const most = ghosts.at(-1)?.ms ?? 0;
  const doublings = Math.max(
    ghosts.findIndex(({ ms }) => ms >= most * 0.8),
    1,
  );
  return { limit, doublings, savedMs: ghosts[doublings]?.ms ?? 0 };
}

function expired({ report, facts, name }: Judged): MemoFinding | undefined {
  const { misses } = facts.fn;
  const count = misses.of('expired');
  if (count < FEW_MISSES || count < report.misses / 2) return undefined;
  const isStaleFor = facts.fn.info.freshness?.staleWhileRevalidate ?? 0;
  const window = isStaleFor > 0 ? 'a longer `staleWhileRevalidate`' : '`staleWhileRevalidate`';
  return {
    kind: 'expired',
    functionId: report.id,
    lossMs: misses.expiredMs,
    option: 'staleWhileRevalidate',
    text:
      `${percent(count / report.misses)} of the misses of \`${name}\` are expiries: ${window} would hide ` +
      `${duration(misses.expiredMs)} of waiting, a longer \`ttl\` would save it.`,
  };
}

/** A hit that takes as long as computing, or a value that is not asked for often enough. */
function tooCheap({ report, name, ms }: Judged): MemoFinding | undefined {
  const { memo, computeMs, breakEvenCalls = 0, gainMs, calls, callsPerComputation } = report;
  if (!memo || !computeMs || gainMs >= 0 || calls < FEW_CALLS) return undefined;
  const each = duration(memo.ms / calls);
  const isHitDear = memo.hitMs >= computeMs.p50;
  // Little beside the computing that it is for: it may still pay, when calls come again.
  if (!isHitDear && memo.missMs < computeMs.p50 / 5) return undefined;
  const advice =
    isHitDear || breakEvenCalls === Number.POSITIVE_INFINITY
      ? 'remove it'
      : `a value is asked for ${callsPerComputation.toFixed(1)} times, and would have to be ${breakEvenCalls.toFixed(1)} times`;
  const anHour = duration((-gainMs / Math.max(ms, 1)) * 3600_000);
  return {
    kind: 'too cheap',
    functionId: report.id,
    lossMs: -gainMs,
    text: `\`${name}\` loses ${anHour} an hour: it takes ${duration(computeMs.p50)} and its memo ${each}; ${advice}.`,
  };
}

function isHopeless({ report: { memo, computeMs } }: Judged): boolean {
  return memo !== undefined && computeMs !== undefined && memo.hitMs >= computeMs.p50;
}

function suspectOf(
  { fn: { costs } }: FunctionFacts,
  kinds: readonly SuspectSeen['is'][],
  least: number,
  share: number,
): SuspectSeen | undefined {
  if (costs.samples < least) return undefined;
  return [...costs.suspects].find(
    ({ is, times }) => kinds.includes(is) && times >= costs.samples * share,
  );
}
