/**
 * A connection to a memcached server, over which commands go without waiting for the answers to
 * those before. Answers come in the order of the commands.
 *
 * There is a client here because none of the packages for Node speaks the meta commands, and without
 * these there are no leases: `add` and `cas` can take them, but nothing tells how long an item lives.
 */

import type { Duplex } from 'node:stream';
import { nextTick } from '../../runtime/globals.ts';
import { type MemcachedReply, ReplyReader, ServerError } from './replies.ts';

export interface Command {
  readonly line: string;
  readonly value?: Buffer;
}

/** @throws {ServerError} what memcached refuses */
export type MemcachedSend = (command: Command) => Promise<MemcachedReply>;

interface Pending {
  resolve(reply: MemcachedReply): void;
  reject(error: unknown): void;
}

const END = Buffer.from('\r\n');

export class MemcachedConnection {
  readonly #stream: Duplex;
  readonly #lost: (cause: unknown) => void;
  readonly #pending: Pending[] = [];
  /** Answered so far, from the first in `#pending`. */
  #answered = 0;
  #isOver = false;

  /** @param lost called once, when it has ended, for whatever reason but `cut` */
  constructor(stream: Duplex, lost: (cause: unknown) => void) {
    this.#stream = stream;
    this.#lost = lost;
    const replies = new ReplyReader();
    stream.on('data', (chunk: Buffer) => {
      try {
        for (const reply of replies.push(chunk)) this.#settle(reply);
      } catch (error) {
        this.#end(error);
      }
    });
    stream.on('error', (error) => this.#end(error));
    stream.on('close', () => this.#end(new Error('the connection was closed')));
  }

  readonly send: MemcachedSend = ({ line, value }) => {
    if (this.#isOver) return Promise.reject(new Error('the connection has ended'));
    return new Promise((resolve, reject) => {
      if (this.#pending.length === 0) this.#corkForThisTurn();
      this.#pending.push({ resolve, reject });
      this.#stream.write(`${line}\r\n`);
      if (!value) return;
      this.#stream.write(value);
      this.#stream.write(END);
    });
  };

  /** Drops it at once; what was sent is rejected. */
  cut(): void {
    this.#finish(new Error('the connection was dropped'));
  }

  /** What is sent in one turn goes as one packet. */
  #corkForThisTurn(): void {
    this.#stream.cork();
    nextTick(() => this.#stream.uncork());
  }

  #settle(reply: MemcachedReply | ServerError): void {
    const pending = this.#pending[this.#answered++];
    if (!pending) throw new Error('it has sent an answer without a question');
    if (reply instanceof ServerError) pending.reject(reply);
    else pending.resolve(reply);
    // In one step for many: to shift an array of thousands by one takes its length.
    if (this.#answered < this.#pending.length && this.#answered < 1000) return;
    this.#pending.splice(0, this.#answered);
    this.#answered = 0;
  }

  #end(cause: unknown): void {
    if (this.#isOver) return;
    this.#finish(cause);
    this.#lost(cause);
  }

  #finish(cause: unknown): void {
    this.#isOver = true;
    this.#stream.destroy();
    for (const { reject } of this.#pending.splice(0).slice(this.#answered)) reject(cause);
    this.#answered = 0;
  }
}
