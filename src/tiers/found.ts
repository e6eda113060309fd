/**
 * A tier's record, checked before anything is done with it: it may have been written by another
 * program or another Node, or be what a tier of the user's own takes for a record. What has passed is
 * decoded by every thread without fail, and in proportion to its bytes.
 */

import { types } from 'node:util';
import type { Clock } from '../clock.ts';
import type { Encoded, Portable } from '../protocol.ts';
import { ValueCheck } from '../values/check.ts';
import { ifLarge, toPortableAgain } from '../values/portable.ts';
import { isPrimitive } from '../values/primitive.ts';
import { LARGE, sharedCopy } from '../values/shared-memory.ts';
import type { Marked, TierRecord } from './tier.ts';

export interface FoundRecord {
  readonly value: Portable;
  /** As it is kept: what memory keeps of a primitive need not be encoded again. */
  readonly record: TierRecord;
  /** Milliseconds since 1970, as long as it is fresh. */
  readonly expiresAt: number;
}

/** A hundred years: what took longer was not computed. */
const LONGEST_MS = 100 * 366 * 24 * 3600 * 1000;

/** Values looked at in one event turn: some tenths of a millisecond, and about one. */
const AT_ONCE = 10_000;
const IN_A_TURN = 40_000;

/**
 * What a tier has returned for a record; later where it takes long to look at.
 * @param isGiven its bytes are given away, and never touched again by the tier
 */
export function readRecord(
  record: unknown,
  isGiven: boolean,
  clock: Clock,
): FoundRecord | 'none' | Promise<FoundRecord | 'none'> {
  const check = new RecordCheck(record, isGiven);
  const found = check.step(AT_ONCE);
  return found === 'more' ? readOn(check, clock) : found;
}

/** The same, if that takes a few milliseconds. */
export function peekRecord(record: unknown, isGiven: boolean): FoundRecord | 'none' | 'later' {
  const found = new RecordCheck(record, isGiven).step(5 * IN_A_TURN);
  return found === 'more' ? 'later' : found;
}

async function readOn(check: RecordCheck, clock: Clock): Promise<FoundRecord | 'none'> {
  for (;;) {
    await new Promise<void>((resolve) => clock.soon(resolve));
    const found = check.step(IN_A_TURN);
    if (found !== 'more') return found;
  }
}

class RecordCheck {
  readonly #record: TierRecord | undefined;
  readonly #value: ValueCheck | undefined;

  constructor(record: unknown, isGiven: boolean) {
    // It may be no object, have a getter that throws, or be too large for what memory there is.
    this.#record = unlessThrown(() => sound(record, isGiven));
    this.#value = this.#record && new ValueCheck(this.#record.value);
  }

  /** Looks at so many values in it, about. */
  step(values: number): FoundRecord | 'more' | 'none' {
    const isSound = this.#value?.step(values);
    if (isSound === undefined && this.#value) return 'more';
    const record = isSound ? this.#record : undefined;
    return (record && unlessThrown(() => foundIn(record))) ?? 'none';
  }
}

function foundIn(record: TierRecord): FoundRecord {
  const found = toPortableAgain(record.value);
  const { staleFor = 0, renewableFor = 0 } = record;
  const expiresAt = record.expiresAt + renewableFor - staleFor;
  if (isPrimitive(found)) return { value: found, record, expiresAt };
  // Copied here once, and not for each waiter.
  const value = ifLarge(found);
  return { value, record: value === found ? record : { ...record, value }, expiresAt };
}

/** Its fields, of which nothing is believed, and its bytes, which are looked at when they are ours. */
function sound(record: unknown, isGiven: boolean): TierRecord | undefined {
  const given = record as TierRecord;
  const { value, expiresAt, ms } = given;
  const { codec, bytes } = value;
  if (typeof expiresAt !== 'number' || Number.isNaN(expiresAt)) return undefined;
  if (!isWithin(ms, LONGEST_MS) || !types.isUint8Array(bytes)) return undefined;
  const own = { codec, bytes: isGiven ? bytes : copyOf(bytes) };
  const { staleFor, tags, dependsOn, namespace, wallMs, renewableFor } = given;
  if ((staleFor ?? tags ?? dependsOn ?? namespace ?? wallMs ?? renewableFor) === undefined) {
    const { computedAt } = given;
    return typeof computedAt === 'number'
      ? { value: own, expiresAt, ms, computedAt }
      : { value: own, expiresAt, ms };
  }
  const rare = rareFields(given);
  return rare && { value: own, expiresAt, ms, ...rare };
}

/** What few records have; `undefined` where the record is of no use because of it. */
function rareFields(
  record: TierRecord,
): Omit<TierRecord, 'value' | 'expiresAt' | 'ms'> | undefined {
  const { staleFor = 0, wallMs = 0, renewableFor = 0, computedAt } = record;
  const { namespace } = record;
  const [tags, dependsOn] = [marked(record.tags), marked(record.dependsOn)];
  if (!tags || !dependsOn) return undefined;
  const times = [staleFor, wallMs, renewableFor];
  if (!times.every((time) => isWithin(time, Number.POSITIVE_INFINITY))) return undefined;
  return {
    ...(staleFor > 0 && { staleFor }),
    ...(tags.length > 0 && { tags }),
    ...(dependsOn.length > 0 && { dependsOn }),
    ...(wallMs > 0 && { wallMs }),
    ...(renewableFor > 0 && { renewableFor }),
    ...(typeof computedAt === 'number' && { computedAt }),
    ...(typeof namespace === 'string' && { namespace }),
  };
}

/** Checked, and bytes of its own; `undefined` for what is no list of them. */
function marked(list: unknown = []): readonly Marked[] | undefined {
  if (!Array.isArray(list)) return undefined;
  const all = list as readonly Partial<Marked>[];
  const isSound = all.every(
    ({ name, generation }) => typeof name === 'string' && types.isUint8Array(generation),
  );
  if (!isSound) return undefined;
  return (all as readonly Marked[]).map(({ name, generation }) => ({
    name,
    generation: new Uint8Array(generation),
  }));
}

function unlessThrown<T>(make: () => T): T | undefined {
  try {
    return make();
  } catch {
    return undefined;
  }
}

/** False for `NaN`, too. */
function isWithin(value: unknown, most: number): boolean {
  return typeof value === 'number' && value >= 0 && value <= most;
}

function copyOf(bytes: Encoded['bytes']): Encoded['bytes'] {
  return bytes.byteLength < LARGE ? new Uint8Array(bytes) : sharedCopy(bytes);
}
