/**
 * What processes tell each other in one channel: this has been deleted or cleared.
 */

import type { Invalidation } from '../tier.ts';
import type { Names } from './names.ts';
import { runScript, type Send, scripts } from './scripts.ts';

export class Invalidations {
  readonly #names: Names;
  readonly #process: string;
  /** Of what was invalidated, nobody has a lease any more. */
  readonly #ended: (what: Invalidation) => void;
  readonly #listeners = new Set<(what: Invalidation) => void>();
  /** The functions that were asked about before the first session; none after that. */
  #early: Set<string> | undefined = new Set();
  #heard = 0;

  constructor(names: Names, process: string, ended: (what: Invalidation) => void) {
    this.#names = names;
    this.#process = process;
    this.#ended = ended;
  }

  /** Those of other processes, so far. */
  get heard(): number {
    return this.#heard;
  }

  listen(listener: (what: Invalidation) => void): void {
    this.#listeners.add(listener);
  }

  /** Tells Redis, and by it the others. */
  async tell({ functionId, key }: Invalidation, send: Send): Promise<void> {
    const { invalidations } = this.#names;
    // JSON keeps lone surrogates, which UTF-8 would make one.
    const message = JSON.stringify([this.#process, functionId ?? null, key ?? null]);
    if (functionId !== undefined && key !== undefined) {
      const { record, lease } = this.#names.key(functionId, key);
      await runScript(send, scripts.delete, [record, lease], [invalidations, message]);
      return;
    }
    const generations = this.#names.generations(functionId);
    await Promise.all(generations.map((each) => send(['UNLINK', each], each)));
    await send(['PUBLISH', invalidations, message], invalidations);
  }

  /** Something is asked about this function. */
  asked(functionId: string): void {
    this.#early?.add(functionId);
  }

  /**
   * Others may have said something that was not heard. Before the first session, that is no more than
   * what was said before the process had started, but for what it has used since.
   */
  missed(): void {
    if (!this.#early) return this.#announce({});
    for (const functionId of this.#early) this.#announce({ functionId });
  }

  /** Redis is heard from now on. */
  begin(): void {
    this.#early = undefined;
  }

  hear(message: Buffer): void {
    const told = readTold(message);
    if (!told) return;
    const { sender, ...what } = told;
    this.#ended(what);
    // What this process has invalidated it may have computed again since.
    if (sender === this.#process) return;
    this.#heard++;
    this.#announce(what);
  }

  #announce(what: Invalidation): void {
    for (const listener of this.#listeners) listener(what);
  }
}

/** `undefined` for what nobody of us has told. */
function readTold(message: Buffer): (Invalidation & { readonly sender: string }) | undefined {
  let fields: unknown;
  try {
    fields = JSON.parse(message.toString());
  } catch {
    return undefined;
  }
  if (!Array.isArray(fields)) return undefined;
  const [sender, functionId, key] = fields as unknown[];
  const isText = (field: unknown) => field === null || typeof field === 'string';
  if (typeof sender !== 'string' || !isText(functionId) || !isText(key)) return undefined;
  if (functionId === null && key !== null) return undefined;
  return {
    sender,
    ...(typeof functionId === 'string' && { functionId }),
    ...(typeof key === 'string' && { key }),
  };
}
