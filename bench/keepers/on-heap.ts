/** What do entries take on the heap of this thread? The difference, after collecting garbage. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { Keeper } from './keeper.ts';

interface Holder {
  set(key: string, value: string): unknown;
  clear(): void;
}

setFlagsFromString('--expose-gc');
const collectGarbage: () => void = runInNewContext('gc');

export function onHeap(make: () => Holder, valueFor: (key: string) => unknown): Keeper {
  return {
    async hold(keys) {
      const before = heapUsed();
      const holder = make();
      // Strings in one piece and of their own, as they come out of a request.
      for (const key of keys) holder.set(flat(key), flat(String(valueFor(key))));
      const total = heapUsed() - before;
      holder.clear();
      return { total };
    },
    close: async () => {},
  };
}

function flat(text: string): string {
  return Buffer.from(text, 'latin1').toString('latin1');
}

function heapUsed(): number {
  collectGarbage();
  return process.memoryUsage().heapUsed;
}
