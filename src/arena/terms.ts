/**
 * The terms under which an entry lives, beside one end: how long it is fresh, when it is dead, what it
 * cost by the clock on the wall, and its tags. The writer fills them in once; `record.ts` says where.
 *
 * Two words are the exception: readers and the writer change them while the entry can be read. What is
 * lost because the record was being moved costs little. They count in units, and wrap.
 *
 * One says when a refresh may be asked for. It decides nothing but who sends a message.
 *
 * The other says when the entry was used (`tti`), in sixteenths of the time after which it is dead. A use within
 * two of them after the noted one leaves only the mark that every use leaves, so that most stores are the mark's
 * alone. Invariant: the last use is not after the noted time, or it is at most two units after that, and
 * the entry is marked. So it is dead between 1 and 1.19 times that time after its last use, and readers agree on
 * it without a message. (A use whose note was lost is the exception: the entry may be dead too early.)
 */

import {
  ASKED,
  DEAD_AT,
  FRESH_UNTIL,
  IDLE,
  MADE_AT,
  TAGS,
  TERMS_WORDS,
  tagWord,
  termsBytes,
  USED,
  WALL,
} from './record.ts';
import type { Views } from './views.ts';

type Milliseconds = number;

/** What an entry may have beside one end. Times are on the clock that the readers' `now` is of. */
export interface Terms {
  /** Until when it is fresh; not after its end. */
  readonly freshUntil: Milliseconds;
  /** Until when a reader need not look at the terms: not after `freshUntil`. Tags are looked at always. */
  readonly calmUntil: Milliseconds;
  /** What computing it took from start to end, waits included. */
  readonly wallMs?: Milliseconds;
  /** What ends it unless it is used. */
  readonly idling?: Idling | undefined;
  readonly tags?: readonly TagMark[];
}

/** An entry that is not used for so long is dead. */
export interface Idling {
  readonly ms: Milliseconds;
  /** When it was used last. */
  readonly usedAt: Milliseconds;
  /** Whether the writer is to be told of uses, about once in half of that time. */
  readonly isTold: boolean;
}

/** A tag: the entry is alive while this cell says this. */
export interface TagMark {
  /** Its index among the words of the arena. */
  readonly cell: number;
  readonly generation: number;
}

/** Units of the time after which an entry that is not used is dead; and those that a mark stands for. */
const IDLE_UNITS = 16;
const MARKED_UNITS = 2;
/** In units, half of that time: two to the power of this. */
const HALF_BITS = 3;

/** Milliseconds of a unit: so a time and any other within a year of it can be compared. */
const UNIT = 16;
/** Who has asked may die before the message is sent: after so long, any reader asks again. */
const ASK_AGAIN = 1000;

export function bytesOf(terms: Terms | undefined): number {
  return terms ? termsBytes(terms.tags?.length ?? 0) : 0;
}

/** Fills in what no thread can reach yet. `at`: in words, on 8 bytes. */
export function writeTerms(
  memory: Views,
  at: number,
  terms: Terms,
  deadAt: Milliseconds,
  madeAt: Milliseconds,
): void {
  const { words, floats, doubles } = memory;
  const { freshUntil, wallMs = 0, idling, tags = [] } = terms;
  words[at + TERMS_WORDS] = bytesOf(terms) / 4;
  words[at + ASKED] = 0;
  doubles[at / 2 + FRESH_UNTIL] = freshUntil;
  doubles[at / 2 + DEAD_AT] = deadAt;
  doubles[at / 2 + MADE_AT] = madeAt;
  floats[at + WALL] = wallMs;
  floats[at + IDLE] = idling ? (idling.isTold ? -idling.ms : idling.ms) : 0;
  words[at + USED] = idling ? useWord(idling.usedAt, unitOf(idling.ms)) : 0;
  words[at + TAGS] = tags.length;
  for (const [nth, { cell, generation }] of tags.entries()) {
    words[tagWord(at, nth)] = cell;
    words[tagWord(at, nth) + 1] = generation;
  }
}

/** Whether none of its tags was invalidated since it was stored. */
export function tagsHold(words: Int32Array, terms: number): boolean {
  const count = words[terms + TAGS] as number;
  for (let nth = 0; nth < count; nth++) {
    const at = tagWord(terms, nth);
    if (words[words[at] as number] !== words[at + 1]) return false;
  }
  return true;
}

/** Whether the reader is to ask for a refresh of this entry: of several, one at a time. */
export function mayAsk(words: Int32Array, terms: number, now: Milliseconds): boolean {
  const at = terms + ASKED;
  const until = Atomics.load(words, at);
  if (!isOver(until, now)) return false;
  return Atomics.compareExchange(words, at, until, wordOf(now + ASK_AGAIN)) === until;
}

/** No reader asks before that; for the writer. It may be a little less, and never is more. */
export function askNotBefore(words: Int32Array, terms: number, time: Milliseconds): void {
  Atomics.store(words, terms + ASKED, wordOf(time));
}

/** Whether it is dead unless it is used. */
export function idles({ floats }: Views, terms: number): boolean {
  return floats[terms + IDLE] !== 0;
}

/** Whether it is dead because it was not used. */
export function isIdle(
  memory: Views,
  terms: number,
  isMarked: boolean,
  now: Milliseconds,
): boolean {
  if (!idles(memory, terms)) return false;
  const ms = idleMs(memory, terms);
  return sinceUse(memory, terms, now) >= ms + (isMarked ? MARKED_UNITS * unitOf(ms) : 0);
}

/** When it was used last, or a little later. */
export function lastUse(memory: Views, terms: number, isMarked: boolean, now: number): number {
  const marked = isMarked ? MARKED_UNITS * unitOf(idleMs(memory, terms)) : 0;
  return now - Math.max(0, sinceUse(memory, terms, now) - marked);
}

/** Until when a use need only be marked. */
export function markedUntil(memory: Views, terms: number, now: Milliseconds): Milliseconds {
  return now - sinceUse(memory, terms, now) + MARKED_UNITS * unitOf(idleMs(memory, terms));
}

/**
 * It is used.
 * @param isMarked it is marked as well, which may be enough
 * @returns whether the writer is to be told, by this thread alone
 */
export function noteUse(
  memory: Views,
  terms: number,
  now: Milliseconds,
  isMarked: boolean,
): boolean {
  const word = Atomics.load(memory.words, terms + USED);
  const next = useWord(now, unitOf(idleMs(memory, terms)));
  if (((next - word) | 0) <= (isMarked ? MARKED_UNITS : 0)) return false;
  // Another thread has noted a use, just now.
  if (Atomics.compareExchange(memory.words, terms + USED, word, next) !== word) return false;
  const isTold = (memory.floats[terms + IDLE] as number) < 0;
  return isTold && next >> HALF_BITS !== word >> HALF_BITS;
}

/** Its mark is about to be taken away: notes what that stands for. */
export function noteMark(memory: Views, terms: number, now: Milliseconds): void {
  const word = Atomics.load(memory.words, terms + USED);
  const sinceThen = (useWord(now, unitOf(idleMs(memory, terms))) - word) | 0;
  const next = (word + Math.max(0, Math.min(sinceThen, MARKED_UNITS))) | 0;
  Atomics.compareExchange(memory.words, terms + USED, word, next);
}

function idleMs({ floats }: Views, terms: number): Milliseconds {
  return Math.abs(floats[terms + IDLE] as number);
}

/** Since the noted use; it may be a unit less, and so below 0. */
function sinceUse(memory: Views, terms: number, now: Milliseconds): Milliseconds {
  const unit = unitOf(idleMs(memory, terms));
  const units = now / unit;
  const whole = Math.floor(units);
  const since = ((whole | 0) - Atomics.load(memory.words, terms + USED)) | 0;
  return (since + (units - whole)) * unit;
}

function unitOf(ms: Milliseconds): Milliseconds {
  return Math.max(1, ms / IDLE_UNITS);
}

function useWord(time: Milliseconds, unit: Milliseconds): number {
  return Math.ceil(time / unit) | 0;
}

/** 0 is for a word that was never set. */
function wordOf(time: Milliseconds): number {
  return Math.floor(time / UNIT) | 0 || 1;
}

function isOver(word: number, now: Milliseconds): boolean {
  return word === 0 || ((word - wordOf(now)) | 0) <= 0;
}
