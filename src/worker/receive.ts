/** What each message of the coordinator does in a thread. */

import type { Definition } from '../call/registry.ts';
import type { Arguments, TaskList, ToThread } from '../protocol.ts';
import type { Reads } from '../read/reads.ts';
import { planFaults } from '../testing/computation-faults.ts';
import type { FaultPlan } from '../testing/fault-plan.ts';
import { arrived } from '../values/shared-memory.ts';
import { decodeThrown } from '../values/thrown.ts';
import type { Begins } from './begins.ts';
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
  readonly begins: Begins;
  readonly presence: Presence;
  /** A call was answered with a stale value. */
  refresh(definition: Definition, key: string, args: Arguments): void;
  /** The thread is about to be ended. */
  end(): void;
}

export function receive(message: ToThread, to: Receivers): void {
  if (isTasks(message)) return to.tasks.take(message);
  switch (message.type) {
    case 'contexts':
      return to.tasks.follow(message.of);
    case 'value':
      arrived(message.value);
      if (to.blocking.answer(message)) return;
      return to.calls.answer(
        message.call,
        ({ definition, key, args }) => {
          if (message.isDue) to.refresh(definition, key, args);
          return to.reads.adopt(definition, message.entry, message.value);
        },
        message.leader,
      );
    case 'failure':
      if (to.blocking.answer(message)) return;
      return to.calls.fail(message.call, decodeThrown(message.error), message.leader);
    case 'lease':
      return to.leads.hear(message);
    case 'cancel':
      return to.leads.cancel(message.lease, message.reason);
    case 'done':
      to.requests.done(message.call, message.error);
      return to.presence.ended();
    case 'define':
      to.tasks.define(message.number, message.fn);
      return to.reads.number(message.fn.id, message.number);
    case 'readable':
      return to.reads.readable(message);
    case 'cache':
      planFaults(message.reading.faults as FaultPlan | undefined);
      to.begins.connect(message.reading);
      return to.reads.connect(message.reading);
    case 'numbers':
      return to.begins.supply(message.first, message.count);
    case 'rest':
      return to.presence.rest();
    case 'closed':
      to.reads.close();
      return to.presence.closed();
    case 'end':
      return to.end();
    case 'found':
      arrived(message.value);
      return to.requests.answer(message);
    case 'counted':
      return to.requests.answer(message);
    case 'explained':
      to.requests.explained(message.call, message.explanation);
      return to.presence.ended();
    default:
      throw new Error(`unknown message: ${JSON.stringify(message satisfies never)}`);
  }
}

function isTasks(message: ToThread): message is TaskList {
  return Array.isArray(message);
}
