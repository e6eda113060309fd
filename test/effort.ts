/**
 * How much the tests try. `npm test` is for every edit: it runs a quarter of the cases, and the first
 * of several variants. `EFFORT=1` runs everything, as `.ci/run` does; more runs more cases.
 */

const effort = Number(process.env['EFFORT'] ?? 0.25);

/** Whether everything runs. For tests that are long, and near to others that run always. */
export const inFull = effort >= 1;

/** So many cases with `EFFORT=1`, ten times as many with `EFFORT=10`. */
export function cases(number: number): number {
  return Math.ceil(number * effort);
}

/** As many as the project promises to stand, when there is more effort than 1; else a few. */
export function promised(many: number, few: number): number {
  return effort > 1 ? many : few;
}

/** All of them, or the first ones when not everything runs. */
export function variants<const T>(all: readonly T[], few: number): readonly T[] {
  return inFull ? all : all.slice(0, few);
}
