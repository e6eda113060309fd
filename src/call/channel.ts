/**
 * What carries the messages between a thread and its coordinator, in order: a port that was handed
 * over, or, where none can be handed over, a broadcast channel that both ends open by its name.
 */

import { BroadcastChannel, type MessagePort, receiveMessageOnPort } from 'node:worker_threads';

export interface Channel {
  /** A broadcast channel copies what it is told to hand over. */
  post(message: unknown, transfer?: ArrayBuffer[]): void;
  /** The next message that has arrived, in a box. */
  take(): { readonly message: unknown } | undefined;
  /** Has messages brought by the event loop, which that does not keep alive. */
  listen(hear: (message: unknown) => void): void;
  /** Whether waiting for messages keeps the event loop alive. */
  hold(isHeld: boolean): void;
  close(): void;
}

export function portChannel(port: MessagePort): Channel {
  // Node 20 ends the process when a port that is closed is read.
  let isOpen = true;
  port.once('close', () => {
    isOpen = false;
  });
  return {
    post: (message, transfer) => port.postMessage(message, transfer),
    take: () => (isOpen ? receiveMessageOnPort(port) : undefined),
    listen(hear) {
      port.on('message', hear);
      port.unref();
    },
    hold: (isHeld) => (isHeld ? port.ref() : port.unref()),
    close: () => port.close(),
  };
}

/** Only the two ends may know the name. */
export function namedChannel(name: string): Channel {
  const channel = new BroadcastChannel(name);
  // Node's own documentation has it take either; its types don't.
  const asPort = channel as unknown as MessagePort;
  // A port that is closed takes no notice; a broadcast channel would throw.
  let isOpen = true;
  return {
    post: (message) => isOpen && channel.postMessage(message),
    take: () => (isOpen ? receiveMessageOnPort(asPort) : undefined),
    listen(hear) {
      channel.onmessage = ({ data }: { data: unknown }) => hear(data);
      asPort.unref();
    },
    hold: (isHeld) => (isHeld ? asPort.ref() : asPort.unref()),
    close() {
      isOpen = false;
      channel.close();
    },
  };
}
