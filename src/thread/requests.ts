/**
 * What a thread wants of the coordinator, by number: that something is done, which is acknowledged,
 * or that something is told, for which the thread blocks.
 */

import type { ToCoordinator, ToThread } from '../protocol.ts';
import type { Definition } from '../registry.ts';
import type { Mailbox } from './mailbox.ts';

export type Order = Extract<ToCoordinator, { type: 'invalidate' | 'clear' }>;
export type Question = Extract<ToCoordinator, { type: 'peek' | 'stats' }>;
export type Answer = Extract<ToThread, { type: 'found' | 'counted' }>;

export class Requests {
  readonly #mailbox: Mailbox;
  readonly #defined = new Set<Definition>();
  /** Waiting for `done`. */
  readonly #orders = new Map<number, () => void>();
  /** The answers that the thread blocks for: several, if an abort listener asks while it does. */
  readonly #answers = new Map<number, Answer>();
  #last = 0;

  constructor(mailbox: Mailbox) {
    this.#mailbox = mailbox;
  }

  /** How many orders are not done. */
  get open(): number {
    return this.#orders.size;
  }

  /** The number of a new request about a function that the coordinator knows. */
  number(definition: Definition): number {
    if (!this.#defined.has(definition)) {
      this.#defined.add(definition);
      this.#mailbox.post({ type: 'define', fn: definition.info });
    }
    return ++this.#last;
  }

  order(message: Order): Promise<void> {
    this.#mailbox.post(message);
    return new Promise((resolve) => this.#orders.set(message.call, resolve));
  }

  /** Acknowledged, too: a lease may be on its way to this call, and must be read and declined. */
  leave(call: number): void {
    this.#orders.set(call, () => {});
    this.#mailbox.post({ type: 'leave', call });
  }

  done(call: number): void {
    this.#orders.get(call)?.();
    this.#orders.delete(call);
  }

  ask(question: Question): Answer {
    this.#mailbox.post(question);
    this.#mailbox.wait(() => this.#answers.has(question.call));
    const answer = this.#answers.get(question.call) as Answer;
    this.#answers.delete(question.call);
    return answer;
  }

  answer(message: Answer): void {
    this.#answers.set(message.call, message);
  }
}
