/**
 * The longest that a computation keeps its thread from anything else. Up to its function's return
 * that is simply measured. For what comes after it, there is a beat while functions have returned
 * promises that are not settled: how late it comes is how long something has kept the thread, and so
 * is the time in which the event loop never idled, because a computation may yield and go on at once.
 *
 * Whatever did not wait for a nested call all the time may have been it, and each of these gets its
 * share: hundreds that await sockets and are ready together keep the thread for a while, and none of
 * them is to blame. A computation that ends has been the last to run, so what came since the last
 * start or end was its own.
 *
 * A stretch shorter than two beats may go unnoticed, which is short enough. A machine with more to do
 * than it can may seem like a long stretch; so the coordinator doubts and forgets (`function-record.ts`).
 */

import { clearInterval, performance, setInterval } from '../runtime/globals.ts';

/** Milliseconds. */
const BEAT = 10;
/** In less time than this between two beats, the event loop has not idled. */
const IDLE = 1;

export interface Stretching {
  hasWaitedSince(from: number): boolean;
  /** It may have kept the thread for so long. */
  heldUp(ms: number): void;
}

const open = new Set<Stretching>();
/** The last beat, start or end. */
let last = 0;
/** The last start, end, or beat before which the event loop had idled. */
let busySince = 0;
/** The event loop's idle time at the last beat. */
let idleUntilLast = 0;
let timer: NodeJS.Timeout | undefined;

/** A function is about to be called: what has kept the thread until now was another one. */
export function beforeStart(now: number): void {
  if (open.size > 0 && now - last > 2 * BEAT) blame(now);
}

/** Its function has returned a promise, just now. From now on the beat comes and goes. */
export function watch(computation: Stretching): void {
  last = performance.now();
  busySince = last;
  open.add(computation);
  if (timer) return;
  timer = setInterval(beat, BEAT).unref();
  idleUntilLast = performance.idleTime();
}

/** It has come to its end, just now. */
export function unwatch(computation: Stretching): void {
  if (!open.delete(computation)) return;
  const now = performance.now();
  computation.heldUp(now - last - BEAT);
  last = now;
  busySince = now;
}

function beat(): void {
  blame(performance.now());
  if (open.size > 0) return;
  clearInterval(timer);
  timer = undefined;
}

function blame(now: number): void {
  const idleTime = performance.idleTime();
  const idled = idleTime - idleUntilLast;
  const kept = idled < IDLE ? now - busySince : Math.min(now - last - BEAT, now - last - idled);
  const from = idled < IDLE ? busySince : last;
  if (kept > BEAT) {
    const suspects = [...open].filter((computation) => !computation.hasWaitedSince(from));
    for (const computation of suspects) computation.heldUp(kept / suspects.length);
  }
  idleUntilLast = idleTime;
  last = now;
  if (idled >= IDLE) busySince = now;
}
