/** A process that does what it is told, and answers. */

import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

export class Peer {
  readonly #child: ChildProcess;
  readonly #answers = new Map<number, (answer: unknown) => void>();
  #asked = 0;

  private constructor(child: ChildProcess) {
    this.#child = child;
    child.on('message', ({ id, answer }: { id: number; answer: unknown }) => {
      this.#answers.get(id)?.(answer);
    });
  }

  /** Settles when it is ready. */
  static async start(
    program: string,
    env: Record<string, string>,
    ...args: unknown[]
  ): Promise<Peer> {
    const path = fileURLToPath(new URL(`redis-app/${program}`, import.meta.url));
    const options = { env: { ...process.env, ...env }, execArgv: [] };
    const child = fork(path, args.map(String), options);
    const ended = once(child, 'exit').then(() => Promise.reject(new Error('it has ended at once')));
    await Promise.race([once(child, 'message'), ended]);
    ended.catch(() => {});
    return new Peer(child);
  }

  ask(what: string, n?: number): Promise<unknown> {
    const id = this.#asked++;
    return new Promise((resolve) => {
      this.#answers.set(id, resolve);
      this.#child.send({ id, what, n });
    });
  }

  async end(): Promise<void> {
    this.#child.disconnect();
    await once(this.#child, 'exit');
  }
}
