/**
 * How is one contestant's process spoken to? One question at a time; a process that fails, hangs or
 * dies answers too: with the reason.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Contestant } from './contestants/contestant.ts';
import type { Answer, HostArguments, Order } from './host.ts';
import type { Part, Scenario } from './scenario.ts';

/** Milliseconds. Far more than any round takes, or filling a cache of a million entries; only a deadlock reaches it. */
const patience = 180_000;
/** Milliseconds that a process has for closing, and for removing thousands of files. */
const farewell = 60_000;

export class Player {
  readonly #host: ChildProcess;
  readonly #exited: Promise<unknown>;

  constructor(scenario: Scenario, contestant: Contestant, parts: readonly Part[]) {
    const args: HostArguments = {
      scenario: scenario.name,
      contestant: contestant.name,
      parts: parts.map((part) => part.name),
    };
    this.#host = fork(fileURLToPath(new URL('host.ts', import.meta.url)), [JSON.stringify(args)], {
      // What a contestant prints must not get into the report.
      stdio: ['ignore', 2, 2, 'ipc'],
    });
    this.#exited = once(this.#host, 'exit');
  }

  /** The answer to the last order; at first, whether the contestant is open. */
  async answer(): Promise<Answer> {
    const host = this.#host;
    return await new Promise<Answer>((resolve) => {
      const settle = (answer: Answer) => {
        clearTimeout(timer);
        host.off('message', settle);
        resolve(answer);
      };
      const fail = (reason: string) => settle({ type: 'failed', reason });
      const timer = setTimeout(fail, patience, `no answer in ${patience / 1_000} s`);
      host.once('message', settle);
      void this.#exited.then(() => fail('its process died'));
    });
  }

  async ask(order: Order): Promise<Answer> {
    const answer = this.answer();
    // A process that is gone cannot be written to; `answer` says so.
    this.#host.send(order, () => {});
    return await answer;
  }

  async leave(): Promise<void> {
    this.#host.send({ type: 'close' } satisfies Order, () => {});
    const timer = setTimeout(() => this.#host.kill('SIGKILL'), farewell);
    await this.#exited;
    clearTimeout(timer);
  }

  /** Ends a process that cannot be asked to leave any more. */
  async expel(): Promise<void> {
    this.#host.kill('SIGKILL');
    await this.#exited;
  }
}
