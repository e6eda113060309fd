/** A Map on the main thread, which workers ask through a port each. */
import { MessageChannel, type MessagePort } from 'node:worker_threads';
import type { Contestant } from '../contestants/contestant.ts';
import type { Crew } from './crew.ts';
import { openStoreCrew } from './store-crew.ts';

type Question =
  | { readonly type: 'get'; readonly id: number; readonly key: string }
  | { readonly type: 'set'; readonly key: string; readonly value: unknown }
  | { readonly type: 'clear' };

export const contestant: Contestant<Crew> = {
  name: 'port',
  what: 'a Map on the main thread, asked through a MessagePort of each worker, one key after the other',
  cannot: {},
  open({ threads }) {
    const cache = new Map<string, unknown>();
    return openStoreCrew({
      threads,
      store: 'port.js',
      isShared: true,
      dataFor() {
        const { port1, port2 } = new MessageChannel();
        serve(cache, port1);
        return { data: { port: port2 }, transfer: [port2] };
      },
    });
  },
};

function serve(cache: Map<string, unknown>, port: MessagePort): void {
  port.on('message', (question: Question) => {
    switch (question.type) {
      case 'get':
        return port.postMessage({ id: question.id, value: cache.get(question.key) });
      case 'set':
        return void cache.set(question.key, question.value);
      case 'clear':
        return cache.clear();
    }
  });
}
