/**
 * Room on the stack: made sure of before steps that belong together, and that must not be left half
 * done.
 *
 * Our code runs on its caller's stack, which may be nearly full: a recursive renderer whose leaves
 * call a memoized function. Most steps need a few kilobytes, but any function may have to be compiled
 * on the way, when it is called for the first time or has not been for long, and for that V8 wants 40.
 */

/** Each takes 120 bytes or more: 64 KB at least. */
const FRAMES = 550;
/** To open a pool, which loads modules. */
const MANY_FRAMES = 4 * FRAMES;

/** Throws the RangeError of a full stack here, where nothing has changed yet. Takes microseconds. */
export function ensureHeadroom(): void {
  descend(FRAMES, 0, 0, 0, 0, 0, 0);
}

export function ensureMuchHeadroom(): void {
  descend(MANY_FRAMES, 0, 0, 0, 0, 0, 0);
}

export function hasHeadroom(): boolean {
  try {
    ensureHeadroom();
    return true;
  } catch {
    return false;
  }
}

/** The other arguments only take room: fewer and larger frames take less time. */
function descend(
  left: number,
  a: number,
  b: number,
  c: number,
  d: number,
  e: number,
  f: number,
): number {
  return left === 0 ? a : 1 + descend(left - 1, b, c, d, e, f, a);
}

const ready = Promise.resolve();

/** Rejected in a microtask, where the stack is empty: on a full one that is more than Node can report. */
export function rejectedWith(error: unknown): Promise<never> {
  return ready.then(() => {
    throw error;
  });
}
