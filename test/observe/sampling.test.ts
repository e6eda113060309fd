/** What a memo costs is measured at few calls, and not at thousands in one turn of the event loop. */

import { setImmediate as turn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { Call } from '../../src/call/call.ts';
import type { Definition } from '../../src/call/registry.ts';
import type { Reads } from '../../src/read/reads.ts';
import { Sampling } from '../../src/read/sampling.ts';

const fake = () => ({ options: {}, argsKey: () => '1' }) as unknown as Definition;
const reads = { look: () => ({ state: 'missed' }) } as unknown as Reads;

test('the first calls of thousands of functions: some in a turn, the others when they are called again', async () => {
  const measured: Definition[] = [];
  const sampling = new Sampling(reads, (definition) => measured.push(definition));
  const all = Array.from({ length: 1000 }, fake);
  const callAll = () => {
    for (const definition of all) sampling.missed(new Call(definition, [1]), 1);
  };
  callAll();
  expect(measured).toEqual(all.slice(0, 64));
  await turn();
  callAll();
  expect(measured).toEqual(all.slice(0, 128));
});

test('of one function the 1st call, the 3rd and the 7th', () => {
  const measured: number[] = [];
  let nth = 0;
  const sampling = new Sampling(reads, () => measured.push(nth));
  const definition = fake();
  for (nth = 1; nth <= 10; nth++) sampling.missed(new Call(definition, [1]), 1);
  expect(measured).toEqual([1, 3, 7]);
});
