/**
 * `values: 'frozen'`: one deep-frozen object a thread for each entry.
 *
 * Held weakly: as long as somebody in the thread uses the object, everybody gets the same; after
 * that it is decoded anew when it is asked for, and costs the thread nothing meanwhile.
 */

import { deepFreeze } from './frozen.ts';

export class FrozenValues {
  readonly #byEntry = new Map<number, WeakRef<object>>();
  readonly #collected = new FinalizationRegistry<number>((entry) => {
    // It may have been decoded anew meanwhile.
    if (!this.#byEntry.get(entry)?.deref()) this.#byEntry.delete(entry);
  });

  /**
   * @param entry the name of the value, in this process; the same name is the same value.
   * @param make makes a fresh one.
   */
  get(entry: number, make: () => unknown): unknown {
    const known = this.#byEntry.get(entry)?.deref();
    if (known) return known;
    const value = deepFreeze(make());
    if (typeof value === 'object' && value !== null) {
      this.#byEntry.set(entry, new WeakRef(value));
      this.#collected.register(value, entry);
    }
    return value;
  }
}
