/** How much the tests try that try many cases, and would find rare mistakes only among very many. */

const effort = Number(process.env['EFFORT'] ?? 1);

/** So many cases, or ten times as many with `EFFORT=10`. */
export function cases(number: number): number {
  return Math.ceil(number * effort);
}

/** As many as the project promises to stand, when there is more effort than 1; else a few. */
export function promised(many: number, few: number): number {
  return effort > 1 ? many : few;
}
