/** How does a contestant get in? By its name in a scenario's field, and only when it is wanted. */
import type { Contestant, Field } from './contestants/contestant.ts';

/** @throws {Error} when there is none of that name */
export async function loadContestant(field: Field, name: string): Promise<Contestant> {
  const load = field[name];
  if (load === undefined) throw new Error(`no contestant is called "${name}"`);
  return (await load()).contestant;
}
