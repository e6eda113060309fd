/** What each message of the coordinator does in a thread. */

import type { Reads } from '../near/reads.ts';
import type { Tasks as TaskList, ToThread } from '../protocol.ts';
import { arrived } from '../values/shared-memory.ts';
import { decodeThrown } from '../values/thrown.ts';
import type { Blocking } from './blocking.ts';
import type { Calls } from './calls.ts';
import type { Leads } from './leads.ts';
import type { Presence } from './presence.ts';
import type { Requests } from './requests.ts';
import type { Tasks } from './tasks.ts';

export interface Receivers {
  readonly tasks: Tasks;
  readonly calls: Calls;
  readonly blocking: Blocking;
  readonly leads: Leads;
  readonly requests: Requests;
  readonly reads: Reads;
  readonly presence: Presence;
}

export function receive(message: ToThread, to: Receivers): void {
  if (isTasks(message)) return to.tasks.take(message);
  switch (message.type) {
    case 'value':
      arrived(message.value);
      if (to.blocking.answer(message)) return;
      return to.calls.answer(message.call, ({ definition }) =>
        to.reads.adopt(definition, message.entry, message.value),
      );
    case 'failure':
      if (to.blocking.answer(message)) return;
      return to.calls.fail(message.call, decodeThrown(message.error));
    case 'lease':
      return to.leads.hear(message);
    case 'cancel':
      return to.leads.cancel(message.lease);
    case 'done':
      to.requests.done(message.call);
      return to.presence.ended();
    case 'define':
      to.tasks.define(message.number, message.fn);
      return to.reads.number(message.fn.id, message.number);
    case 'cache':
      return to.reads.connect(message.reading);
    case 'rest':
      return to.presence.rest();
    case 'closed':
      return to.presence.closed();
    case 'found':
      arrived(message.value);
      return to.requests.answer(message);
    case 'counted':
      return to.requests.answer(message);
    default:
      throw new Error(`unknown message: ${JSON.stringify(message satisfies never)}`);
  }
}

function isTasks(message: ToThread): message is TaskList {
  return Array.isArray(message);
}
