/**
 * What processes tell each other in one channel: this has been deleted or cleared.
 */

import { allOf, type Invalidation } from '../tier.ts';
import type { RedisNames } from './names.ts';
import { type RedisSend, runScript, scripts } from './scripts.ts';

export class RedisInvalidations {
  readonly #names: RedisNames;
  readonly #process: string;
  /** What was invalidated has no lease any more. */
  readonly #ended: (what: Invalidation) => void;
  readonly #listeners = new Set<(what: Invalidation) => void>();
  /** The functions that were asked about before the first session; none after that. */
  #early: Set<string> | undefined = new Set();
  #heard = 0;

  constructor(names: RedisNames, process: string, ended: (what: Invalidation) => void) {
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
  async tell(what: Invalidation, send: RedisSend): Promise<void> {
    const { invalidations } = this.#names;
    const message = messageOf(this.#process, what);
    if (what.of === 'key') {
      const { record, lease } = this.#names.key(what.functionId, what.key);
      await runScript(send, scripts.delete, [record, lease], [invalidations, message]);
      return;
    }
    const generations = this.#names.generations(what.of === 'all' ? undefined : what.functionId);
    await Promise.all(generations.map((each) => send(['UNLINK', each], each)));
    await send(['PUBLISH', invalidations, message], invalidations);
  }

  /** Something is asked about this function. */
  asked(functionId: string): void {
    this.#early?.add(functionId);
  }

  /**
   * Others may have sent something that did not arrive. Before the first session, that is no more than
   * what was sent before the process had started, but for what it has used since.
   */
  missed(): void {
    if (!this.#early) return this.#announce({ of: 'all' });
    for (const functionId of this.#early) this.#announce({ of: 'function', functionId });
  }

  /** Messages of Redis arrive from now on. */
  begin(): void {
    this.#early = undefined;
  }

  hear(message: Buffer): void {
    const told = readTold(message);
    if (!told) return;
    const { sender, what } = told;
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

interface Told {
  readonly sender: string;
  readonly what: Invalidation;
}

/**
 * `[sender, functionId, key]`, with `null` for what there is none of: what processes of other versions
 * send, too. JSON keeps lone surrogates, which UTF-8 would make one.
 */
function messageOf(sender: string, what: Invalidation): string {
  const functionId = what.of === 'all' ? null : what.functionId;
  return JSON.stringify([sender, functionId, what.of === 'key' ? what.key : null]);
}

/** `undefined` for a message that no process of ours has sent. */
function readTold(message: Buffer): Told | undefined {
  let fields: unknown;
  try {
    fields = JSON.parse(message.toString());
  } catch {
    return undefined;
  }
  if (!Array.isArray(fields)) return undefined;
  const [sender, functionId, key] = fields as unknown[];
  if (typeof sender !== 'string') return undefined;
  if (functionId === null && key === null) return { sender, what: { of: 'all' } };
  if (typeof functionId !== 'string') return undefined;
  if (key === null) return { sender, what: allOf(functionId) };
  return typeof key === 'string' ? { sender, what: { of: 'key', functionId, key } } : undefined;
}
