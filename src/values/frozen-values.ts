/**
 * `values: 'frozen'`: one deep-frozen object a thread for each entry.
 *
 * Held weakly: as long as code in the thread uses the object, all calls get the same; after
 * that it is decoded anew when it is asked for, and costs the thread nothing meanwhile.
 */

import { deepFreeze } from './frozen.ts';
import { WeakValues } from './weak-values.ts';

export class FrozenValues {
  readonly #byEntry = new WeakValues<object>();

  /** The one that is in use. */
  known(entry: number): object | undefined {
    return this.#byEntry.get(entry);
  }

  /**
   * @param entry the name of the value, in this process; the same name is the same value.
   * @param make makes a fresh one.
   */
  get(entry: number, make: () => unknown): unknown {
    const known = this.known(entry);
    if (known) return known;
    const value = deepFreeze(make());
    if (typeof value === 'object' && value !== null) this.#byEntry.set(entry, value);
    return value;
  }
}
