/**
 * Leases that this process has, or may have, and has no use for: their release could not be sent, or
 * the answer to the process that had asked for them came too late. Others would wait for them until they end
 * by themselves; so they are released when the server is there again.
 */

/** Beyond that the oldest end by themselves. */
const MOST = 1000;
/** After so many seconds, or thereabouts, it has ended by itself. */
const MOST_TRIES = 5;

export class Orphans<Lease> {
  readonly #release: (lease: Lease) => Promise<unknown>;
  /** With the times that each was tried. */
  readonly #tries = new Map<Lease, number>();

  /** @param release rejects when it could not be sent, and does nothing where there is no lease */
  constructor(release: (lease: Lease) => Promise<unknown>) {
    this.#release = release;
  }

  get isEmpty(): boolean {
    return this.#tries.size === 0;
  }

  add(lease: Lease): void {
    this.#tries.set(lease, 0);
    if (this.#tries.size <= MOST) return;
    const [oldest] = this.#tries.keys();
    this.#tries.delete(oldest as Lease);
  }

  /**
   * Those of a server that is there; to be called when it is there again, and once a second. Never
   * rejects.
   */
  async release(isThere: (lease: Lease) => boolean): Promise<void> {
    const those = [...this.#tries.keys()].filter(isThere);
    await Promise.all(those.map((lease) => this.#try(lease)));
  }

  async #try(lease: Lease): Promise<void> {
    const tries = (this.#tries.get(lease) ?? 0) + 1;
    this.#tries.set(lease, tries);
    const isTold = await this.#release(lease).then(
      () => true,
      () => false,
    );
    if (isTold || tries >= MOST_TRIES) this.#tries.delete(lease);
  }
}
