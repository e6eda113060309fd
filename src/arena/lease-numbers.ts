/**
 * The numbers of leases, by which the values are known that were computed under them, too.
 *
 * None ever comes again: there are 2^53, enough for three thousand years at full speed. Shared memory
 * has cells of 32 bits, which hold a number as it is within its *turn* of 2^31. So what is compared in
 * a cell must be of leases that are held now (no two of which are alike there, see `Leases`), or all
 * of one turn: when one is over, the arena forgets its entries (`coordinator/memory.ts`).
 */

export const TURN: number = 2 ** 31;

/** The number as a cell of 32 bits holds it; of a lease it is never 0, nor negative. */
export function inCell(id: number): number {
  return id % TURN;
}

export function turnOf(id: number): number {
  return Math.floor(id / TURN);
}
