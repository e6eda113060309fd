/**
 * What one process has made of parts (`track`) outlives them in a tier, when another process invalidates them: random
 * programs of sums of sums, in two processes over one directory, beside a naive recomputation. A third one
 * knows the parts only, and nothing of what is made of them.
 */

import { type ChildProcess, fork } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { expect, onTestFinished, test } from 'vitest';
import { cases } from '../effort.ts';
import { removeFolder } from '../remove-folder.ts';

const program = fileURLToPath(new URL('../freshness/fleet-app/summer.mjs', import.meta.url));
const LEAVES = 4;
const SUMS = 4;

class Member {
  readonly child: ChildProcess;
  readonly ready: Promise<unknown>;
  readonly #asked = new Map<number, (result: unknown) => void>();
  #last = 0;

  constructor(directory: string, env = {}) {
    const its = { ...process.env, DIRECTORY: directory, MOST: '0', ...env };
    this.child = fork(program, { env: its, execArgv: [] });
    this.ready = new Promise((resolve) => this.#asked.set(0, resolve));
    this.child.on('message', ({ id, result }: { id: number; result: unknown }) =>
      this.#asked.get(id)?.(result),
    );
  }

  do(order: string, ...args: unknown[]): Promise<unknown> {
    const id = ++this.#last;
    this.child.send({ id, order, args });
    return new Promise((resolve) => this.#asked.set(id, resolve));
  }
}

const sums = fc.tuple(
  ...Array.from({ length: SUMS }, (_, at) =>
    fc.record({
      leaves: fc.uniqueArray(fc.nat({ max: LEAVES - 1 }), { maxLength: 2 }),
      sums:
        at === 0
          ? fc.constant<number[]>([])
          : fc.uniqueArray(fc.nat({ max: at - 1 }), { maxLength: 2 }),
    }),
  ),
);
const by = fc.nat({ max: 1 });
const step = fc.oneof(
  { weight: 2, arbitrary: fc.record({ by, ask: fc.nat({ max: SUMS - 1 }) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      by: fc.nat({ max: 2 }),
      change: fc.nat({ max: LEAVES - 1 }),
      how: fc.constantFrom('key', 'tag', 'function'),
    }),
  },
);
const steps = fc.array(step, { minLength: 3, maxLength: 10 });

let nth = 0;

test('no answer is one that a naive recomputation could not give', {
  timeout: 600_000,
}, async () => {
  const directory = mkdtempSync(join(tmpdir(), 'threadmemo-tracked-'));
  const members = [{}, {}, { PARTS_ONLY: '1' }].map((env) => new Member(directory, env));
  onTestFinished(async () => {
    for (const { child } of members) child.kill('SIGKILL');
    await removeFolder(directory);
  });
  await Promise.all(members.map(({ ready }) => ready));
  const member = (at: number) => members[at] as Member;
  // Each finds what the other has made.
  const simple = JSON.stringify({ id: 'first', sums: [{ leaves: [1], sums: [] }] });
  for (const one of members.slice(0, 2)) expect(await one.do('ask', simple, 0)).toBe(1);
  expect(await member(1).do('computations')).toBe(0);

  await fc.assert(
    fc.asyncProperty(sums, steps, async (all, its) => {
      const id = `program-${++nth}`;
      const text = JSON.stringify({ id, sums: all });
      const truth = new Map<number, number>();
      const naive = (at: number): number =>
        (all[at]?.leaves ?? []).reduce((sum, leaf) => sum + (truth.get(leaf) ?? 0), 1) +
        (all[at]?.sums ?? []).reduce((sum, other) => sum + naive(other), 0);
      const ask = async (who: number, at: number) =>
        expect(await member(who).do('ask', text, at)).toBe(naive(at));
      for (const each of its) {
        if ('ask' in each) await ask(each.by, each.ask);
        else {
          truth.set(each.change, (truth.get(each.change) ?? 0) + 1);
          const cell = `${id}/${each.change}`;
          await Promise.all(members.map((one) => one.do('learn', cell, truth.get(each.change))));
          await member(each.by).do(each.how, cell);
        }
      }
      for (let at = SUMS - 1; at >= 0; at--) await ask(at % 2, at);
    }),
    { numRuns: cases(40) },
  );
});
