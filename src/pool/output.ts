/**
 * What functions have printed, printed here: in the order in which the threads have sent it, among
 * their outcomes. What is still unread when the process exits, or when the pool has closed, comes
 * then: a port holds what was sent, although the thread is gone.
 */

import type { MessagePort } from 'node:worker_threads';
import type { ToCoordinator } from '../protocol.ts';
import type { Inbox } from './inbox.ts';

type Output = Extract<ToCoordinator, { type: 'output' }>;

export function print({ stream, chunks }: Output): void {
  for (const chunk of chunks) process[stream].write(chunk);
}

/** What has come from a pool's threads whose ports are open. */
export class UnreadOutput {
  readonly #inboxes = new Set<Inbox>();
  readonly #print = () => this.print();

  constructor() {
    process.on('exit', this.#print);
  }

  add(port: MessagePort, inbox: Inbox): void {
    this.#inboxes.add(inbox);
    port.once('close', () => this.#inboxes.delete(inbox));
  }

  /** To be called when no other message matters any more: they are dropped. */
  print(): void {
    for (const inbox of this.#inboxes) {
      for (let next = inbox.next(); next; next = inbox.next()) {
        if ('type' in next && next.type === 'output') print(next);
      }
    }
  }

  close(): void {
    this.print();
    process.off('exit', this.#print);
  }
}
