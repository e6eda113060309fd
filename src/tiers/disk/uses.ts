/**
 * What was used and is not written down yet. A use costs a hit no more than a push: the same names
 * become one when there are many, or when they are written.
 */

/** Names that are remembered. */
const MOST = 1024;

export interface EntryUse {
  readonly name: Buffer;
  hits: number;
}

export class Uses {
  #names: Buffer[] = [];
  /** By name, as text. */
  readonly #merged = new Map<string, EntryUse>();

  /** @returns whether it is time to write them */
  note(name: Buffer, times = 1): boolean {
    for (let more = times - 1; more > 0; more--) this.#names.push(name);
    return this.#names.push(name) >= MOST && this.#merge().size >= MOST;
  }

  forget(name: Buffer): void {
    this.#merge().delete(textOf(name));
  }

  /** All of them, each name once; none are left. */
  take(): EntryUse[] {
    const uses = [...this.#merge().values()];
    this.#merged.clear();
    return uses;
  }

  #merge(): Map<string, EntryUse> {
    for (const name of this.#names) {
      const key = textOf(name);
      const use = this.#merged.get(key);
      if (use) use.hits++;
      else this.#merged.set(key, { name, hits: 1 });
    }
    this.#names = [];
    return this.#merged;
  }
}

function textOf(name: Buffer): string {
  return name.toString('latin1');
}
