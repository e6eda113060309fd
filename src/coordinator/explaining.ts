/**
 * What a call of a key would find, and why: from memory, what is under way, the tiers, and what is
 * remembered of keys whose values have gone (`departures.ts`).
 *
 * With the pool's `explain` the arguments of the last few calls of each function that found nothing are
 * kept, so that a new key can be compared with them: at most `RECENT` of a function, none above
 * `LARGEST` bytes, of `FUNCTIONS` functions.
 */

import { keyOf } from '../call/registry.ts';
import type { Clock } from '../clock.ts';
import type { Arguments, Explanation, LastMiss, MissReason } from '../protocol.ts';
import { dependenciesIn } from '../tags/dependencies.ts';
import { tagOf } from '../tags/tags.ts';
import type { TierChain } from '../tiers/chain.ts';
import { decodeArgs } from '../values/args.ts';
import type { ErrorSight } from './cached-errors.ts';
import type { FunctionRecord } from './function-record.ts';
import type { Memory } from './memory.ts';
import { Nearest } from './nearest.ts';

const RECENT = 16;
const LARGEST = 2048;
const FUNCTIONS = 128;

export interface ExplainingParts {
  readonly clock: Clock;
  readonly memory: Memory;
  readonly tiers: TierChain;
  readonly explain?: boolean;
  /** Whether the key is being computed. */
  isUnderWay(fn: FunctionRecord, key: string): boolean;
  /** What its computation has thrown, as long as calls are answered with it. */
  errorOf(fn: FunctionRecord, key: string): ErrorSight | undefined;
}

export class Explaining {
  readonly #parts: ExplainingParts;
  /** By key, the latest last. */
  readonly #recent = new Map<FunctionRecord, Map<string, Arguments>>();

  constructor(parts: ExplainingParts) {
    this.#parts = parts;
  }

  /** A call has found nothing. */
  asked(fn: FunctionRecord, key: string, args: Arguments): void {
    if (!this.#parts.explain || !isSmall(args)) return;
    const recent = this.#recent.get(fn) ?? new Map<string, Arguments>();
    if (recent.size === 0 && this.#recent.size >= FUNCTIONS) return;
    this.#recent.set(fn, recent);
    recent.delete(key);
    recent.set(key, args);
    const [oldest] = recent.keys();
    if (recent.size > RECENT && oldest !== undefined) recent.delete(oldest);
  }

  /** Asks the tiers; changes nothing, and counts as nothing. Never rejects. */
  async explain(fn: FunctionRecord, key: string, args: Arguments): Promise<Explanation> {
    const { memory, tiers, clock } = this.#parts;
    const held = memory.sight(fn, key);
    const isComputing = this.#parts.isUnderWay(fn, key);
    const { id } = fn.info;
    const seen = await tiers.sight(id, keyOf(id, key), clock.date());
    const [now, date] = [clock.now(), clock.date()];
    const [tier, inTier] = Object.entries(seen).find(([, { has }]) => has) ?? [];
    const { isIdle = false } = held ?? {};
    const isDead = held !== undefined && (isIdle || held.expiresAt <= now);
    const isThere = (held !== undefined && !isDead) || inTier !== undefined;
    const freshUntil = inTier?.freshUntil ?? Number.POSITIVE_INFINITY;
    const isFresh = held && !isDead ? held.freshUntil > now : freshUntil > date;
    const state = isThere ? (isFresh ? 'fresh' : 'stale') : isComputing ? 'computing' : 'missing';
    const present = held && !isDead ? held : undefined;
    const isChanged = !isThere && (await this.#isOfOtherCode(fn, key));
    const error = isThere ? undefined : this.#parts.errorOf(fn, key);
    return {
      state,
      where: present ? 'memory' : tier,
      ageMs: present
        ? present.madeAt === undefined
          ? undefined
          : now - present.madeAt
        : inTier?.computedAt === undefined
          ? undefined
          : date - inTier.computedAt,
      ttlLeftMs: present
        ? Math.max(0, present.freshUntil - now)
        : inTier === undefined
          ? undefined
          : Math.max(0, freshUntil - date),
      computeMs: present?.ms ?? inTier?.computeMs,
      bytes: present?.bytes ?? inTier?.bytes,
      usedSinceLook: present?.isMarked,
      tags: (present?.marks ?? inTier?.tags ?? []).flatMap((mark) => tagOf(mark) ?? []),
      dependsOn: dependenciesIn(present?.marks ?? inTier?.dependsOn ?? []),
      tiers: Object.fromEntries(
        Object.entries(seen).map(([name, sight]) => [name, publicOf(sight, date)]),
      ),
      lastMiss: this.#lastMiss(fn, key, args, { isThere, isDead, isIdle, isChanged }),
      ...(error && errorSeen(error, now)),
    };
  }

  #lastMiss(
    fn: FunctionRecord,
    key: string,
    args: Arguments,
    its: { isThere: boolean; isDead: boolean; isIdle: boolean; isChanged: boolean },
  ): LastMiss | undefined {
    const { memory } = this.#parts;
    const { isThere, isDead, isIdle, isChanged } = its;
    const known = memory.departure(fn, key);
    let reason: MissReason | undefined = known?.lastMiss;
    if (!isThere) {
      reason = isDead ? (isIdle ? 'idle' : 'expired') : memory.reasonOf(fn, known);
      if (reason === 'never' && isChanged) reason = 'code changed';
      if (reason === 'never' && !known && !memory.departures.isComplete) reason = undefined;
    }
    if (reason === undefined) return undefined;
    const nearest = reason === 'never' ? this.#nearest(fn, key, args) : undefined;
    const room = known?.limit && reason === 'evicted' ? memory.roomFor(fn, known) : undefined;
    return { reason, ...(nearest !== undefined && { nearest }), ...(room && { room }) };
  }

  #nearest(fn: FunctionRecord, key: string, args: Arguments): string | undefined {
    const nearest = new Nearest(decodeArgs(args));
    for (const [other, its] of this.#recent.get(fn) ?? [])
      if (other !== key) nearest.add(decodeArgs(its));
    return nearest.words;
  }

  async #isOfOtherCode(fn: FunctionRecord, key: string): Promise<boolean> {
    const { id } = fn.info;
    const { tiers, clock } = this.#parts;
    return tiers.hasOfOtherCode(id, key, clock.date());
  }
}

function errorSeen({ since, until, bytes }: ErrorSight, now: number) {
  return {
    state: 'error',
    where: 'memory',
    ageMs: now - since,
    ttlLeftMs: until - now,
    bytes,
  } as const;
}

type Sight = Awaited<ReturnType<TierChain['sight']>>[string];

function publicOf({ has, failed, freshUntil, computedAt }: Sight, date: number) {
  return {
    has,
    ...(failed && { failed }),
    ...(computedAt !== undefined && { ageMs: date - computedAt }),
    ...(freshUntil !== undefined && { ttlLeftMs: Math.max(0, freshUntil - date) }),
  };
}

function isSmall(args: Arguments): boolean {
  if ('bytes' in args) return args.bytes.byteLength <= LARGEST;
  let length = 0;
  for (const arg of args) length += typeof arg === 'string' ? arg.length : 8;
  return length <= LARGEST;
}
