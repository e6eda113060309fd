/** One operation on a tracing channel: begun when this is made, and ended once. */

import type { TracingChannel } from 'node:diagnostics_channel';
import { type CallEvent, type ComputeEvent, calls } from './channels.ts';

export class Trace<Event extends { error?: unknown }> {
  readonly #channel: TracingChannel<unknown, Event>;
  readonly #event: Event;
  #isOver = false;

  constructor(channel: TracingChannel<unknown, Event>, event: Event) {
    this.#channel = channel;
    this.#event = event;
    channel.start.publish(event);
    channel.end.publish(event);
  }

  /** Takes no notice of a second end. */
  end(what: Partial<Event> = {}): void {
    if (this.#isOver) return;
    this.#isOver = true;
    const event = Object.assign(this.#event, what);
    if ('error' in what) this.#channel.error.publish(event);
    this.#channel.asyncStart.publish(event);
    this.#channel.asyncEnd.publish(event);
  }
}

/** Tells of a call that blocks its thread. */
export function tracedSync<T>(event: CallEvent, run: () => T): T {
  const trace = new Trace<CallEvent>(calls, event);
  try {
    const value = run();
    trace.end();
    return value;
  } catch (error) {
    trace.end({ error });
    throw error;
  }
}

type Surround = <T>(event: ComputeEvent, run: () => T) => T;

let surround: Surround | undefined;

/** Has computations of this thread run in what a tracer makes of their events, after `start`. */
export function surroundComputations(by: Surround | undefined): void {
  surround = by;
}

export function surrounded<T>(event: ComputeEvent, run: () => T): T {
  return surround ? surround(event, run) : run();
}
