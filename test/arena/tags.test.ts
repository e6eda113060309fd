/** An entry outlives its tag, or goes with another's; a cell is lost, or one that is in use is given away. */

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ArenaReader } from '../../src/arena/reader.ts';
import { ArenaWriter } from '../../src/arena/writer.ts';
import { cases } from '../effort.ts';
import { entry } from './entries.ts';

const FUNCTION = 1;
const key = fc.nat({ max: 15 }).map((n) => `key ${n}`);
const mark = fc.constantFrom('ta', 'tb', 'tc', 'td', 't', `t${'long '.repeat(30)}`);
const marks = fc.uniqueArray(mark, { maxLength: 4 });
const event = fc.oneof(
  { weight: 10, arbitrary: fc.record({ set: key, marks, length: fc.nat({ max: 300 }) }) },
  { weight: 3, arbitrary: fc.record({ remove: key }) },
  { weight: 3, arbitrary: fc.record({ invalidate: mark }) },
  { weight: 2, arbitrary: fc.record({ sweep: fc.nat({ max: 5 }) }) },
  { weight: 1, arbitrary: fc.constant({ all: true as const }) },
  { weight: 1, arbitrary: fc.constant({ clean: true as const }) },
);

/** The arena, beside a `Map` of what must be alive in it. */
class Tagged {
  readonly writer: ArenaWriter;
  readonly #reader: ArenaReader;
  readonly #alive = new Map<string, readonly string[]>();

  constructor(maxSize: number, seed: number) {
    this.writer = new ArenaWriter({ maxSize, seed });
    this.#reader = new ArenaReader(this.writer.share, this.writer.threads.join() as number);
  }

  set(its: string, has: readonly string[], length: number): void {
    this.remove(its);
    const tags = has.length > 0 ? has : undefined;
    const added = { ...entry(its, length, { fn: FUNCTION }), marks: tags };
    for (let left = 40; left > 0; left--) {
      if (this.writer.add(added) !== undefined) return void this.#alive.set(its, has);
      const [first] = this.#alive.keys();
      if (!this.sweep() && first !== undefined) this.remove(first);
      this.writer.tidy();
    }
  }

  remove(its: string): void {
    const handle = this.writer.find(FUNCTION, its);
    expect(handle !== undefined).toBe(this.#alive.delete(its));
    if (handle !== undefined) this.writer.remove(handle);
  }

  invalidate(which: string): void {
    const theirs = [...this.#alive].filter(([, has]) => has.includes(which));
    this.writer.invalidateTag(which);
    for (const [its] of theirs) this.#alive.delete(its);
  }

  invalidateAll(): void {
    this.writer.invalidateTags();
    for (const [its, has] of this.#alive) if (has.length > 0) this.#alive.delete(its);
  }

  sweep(): boolean {
    const dead = this.writer.deadByTag;
    if (dead !== undefined) this.writer.remove(dead);
    return dead !== undefined;
  }

  audit(): void {
    for (let n = 0; n < 16; n++) {
      const its = `key ${n}`;
      expect(this.writer.find(FUNCTION, its) !== undefined, its).toBe(this.#alive.has(its));
      const isFound = this.#reader.find(FUNCTION, its, 0);
      if (isFound) this.#reader.leave();
      // A reader may take a dead entry of the key for all that there is: then it asks.
      if (isFound) expect(this.#alive.has(its), its).toBe(true);
      if (this.writer.deadByTag === undefined) expect(isFound, its).toBe(this.#alive.has(its));
    }
    const used = new Set([...this.#alive.values()].flat());
    const { cells, size } = this.writer.entries;
    // What is dead and not swept has its other tags yet.
    if (this.writer.deadByTag !== undefined) expect(cells).toBeGreaterThanOrEqual(used.size);
    else expect([cells, size]).toEqual([used.size, this.#alive.size]);
  }

  end(): void {
    for (const its of [...this.#alive.keys()]) this.remove(its);
    while (this.sweep());
    const { entries } = this.writer;
    expect([entries.cells, entries.size, entries.externalBytes]).toEqual([0, 0, 0]);
  }
}

test('any order of events leaves alive what has no invalidated tag, and a cell for each tag in use', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(8192, 65_536, 200_000),
      fc.nat(),
      fc.array(event, { minLength: 1, maxLength: 120, size: 'max' }),
      (maxSize, seed, events) => {
        const model = new Tagged(maxSize, seed);
        for (const at of events) {
          if ('set' in at) model.set(at.set, at.marks, at.length);
          else if ('remove' in at) model.remove(at.remove);
          else if ('invalidate' in at) model.invalidate(at.invalidate);
          else if ('sweep' in at) for (let left = at.sweep; left > 0; left--) model.sweep();
          else if ('all' in at) model.invalidateAll();
          else while (model.writer.tidy());
          model.audit();
        }
        model.end();
      },
    ),
    { numRuns: cases(100) },
  );
});
