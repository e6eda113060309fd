/**
 * What a thread wants of the coordinator, by number: that something is done, which is acknowledged,
 * or asks for something, for which the thread blocks.
 */

import type { Definition } from '../call/registry.ts';
import type { Encoded, Explanation, ToCoordinator, ToThread } from '../protocol.ts';
import { decodeThrown } from '../values/thrown.ts';
import type { Mailbox } from './mailbox.ts';

export type Order = Extract<
  ToCoordinator,
  { type: 'invalidate' | 'expire' | 'clear' | 'invalidateTags' | 'expireTags' | 'set' }
>;
export type Question = Extract<ToCoordinator, { type: 'peek' | 'stats' }>;
export type RequestAnswer = Extract<ToThread, { type: 'found' | 'counted' }>;

export class Requests {
  readonly #mailbox: Mailbox;
  readonly #defined = new Set<Definition>();
  /** Waiting for `done`. */
  readonly #orders = new Map<number, (refused?: Promise<never>) => void>();
  readonly #explanations = new Map<number, (explanation: Explanation) => void>();
  /** The answers that the thread blocks for: several, if an abort listener asks while it does. */
  readonly #answers = new Map<number, RequestAnswer>();
  #last = 0;

  constructor(mailbox: Mailbox) {
    this.#mailbox = mailbox;
  }

  /** How many orders are not done, and questions without an answer for which no thread blocks. */
  get open(): number {
    return this.#orders.size + this.#explanations.size;
  }

  /** The number of a new request about a function that the coordinator knows. */
  number(definition: Definition): number {
    if (!this.#defined.has(definition)) {
      this.#defined.add(definition);
      this.#mailbox.post({ type: 'define', fn: definition.info });
    }
    return this.next();
  }

  /** The number of one that is about no function. */
  next(): number {
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

  /** Settles when the coordinator has handled what was posted before. */
  acknowledged(call: number): Promise<void> {
    this.#mailbox.post({ type: 'leave', call });
    return new Promise((resolve) => this.#orders.set(call, resolve));
  }

  /** @param error why it was not done */
  done(call: number, error?: Encoded): void {
    this.#orders.get(call)?.(error && Promise.reject(decodeThrown(error)));
    this.#orders.delete(call);
  }

  explain(message: Extract<ToCoordinator, { type: 'explain' }>): Promise<Explanation> {
    this.#mailbox.post(message);
    return new Promise((resolve) => this.#explanations.set(message.call, resolve));
  }

  explained(call: number, explanation: Explanation): void {
    this.#explanations.get(call)?.(explanation);
    this.#explanations.delete(call);
  }

  ask(question: Question): RequestAnswer {
    this.#mailbox.post(question);
    this.#mailbox.wait(() => this.#answers.has(question.call));
    const answer = this.#answers.get(question.call) as RequestAnswer;
    this.#answers.delete(question.call);
    return answer;
  }

  answer(message: RequestAnswer): void {
    this.#answers.set(message.call, message);
  }
}
