/** What is used is dead too early, because its use was only marked, or what is not used stays. */

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ArenaWriter } from '../../src/arena/writer.ts';
import { variants } from '../effort.ts';
import { entry, join } from './entries.ts';

type Step = readonly ['near' | 'shared' | 'coordinator' | 'look', number];

/** Soon enough to be marked only, or about when it ends. */
const pauses = [
  { min: 0, max: 0.13 },
  { min: 0.85, max: 1.3 },
].map((range) => fc.double({ ...range, noNaN: true }));

/** A share of its time that passes before each. */
const used = fc.array(
  fc.tuple(fc.constantFrom<Step[0]>('near', 'shared', 'coordinator', 'look'), fc.oneof(...pauses)),
  { minLength: 1, maxLength: 60 },
);
/** In the end it may only be looked at, which must not keep it. */
const looks = fc.array(fc.tuple(fc.constant<Step[0]>('look'), fc.oneof(...pauses)), {
  maxLength: 40,
});
const steps = fc.tuple(used, looks).map((both) => both.flat());

test.each(variants([16, 60_000, 100, 7 * 24 * 3_600_000], 2))(
  'with %i ms it is dead between 1 and 1.25 times that after its last use, whatever was noticed of it',
  (ms) => {
    const schedules = fc.tuple(steps, fc.double({ min: 0, max: 1e13, noNaN: true }));
    // One for all: thousands would reserve more memory than there is before they are collected.
    const writer = new ArenaWriter({ maxSize: 2 ** 16, seed: 1 });
    const reader = join(writer);
    const play = fc.property(schedules, ([schedule, begin]) => {
      const idling = { ms, usedAt: begin, isTold: true };
      const terms = { freshUntil: Infinity, calmUntil: 0, idling };
      // In the place of the last schedule's.
      const former = writer.find(1, 'a');
      if (former !== undefined) writer.remove(former);
      const handle = writer.add(entry('a', 10, { expiresAt: Infinity, terms })) as number;
      let [now, usedAt, markedUntil] = [begin, begin, begin];
      for (const [step, share] of schedule) {
        now += share * ms;
        const isAlive = reader.find(1, 'a', now);
        reader.leave();
        expect(writer.entries.isIdle(handle, now)).toBe(!isAlive);
        if (now - usedAt < ms * 0.999) expect(isAlive).toBe(true);
        if (now - usedAt > ms * 1.25) expect(isAlive).toBe(false);
        if (!isAlive) return;
        if (step === 'look') {
          // The search for a victim: it takes the mark away, and is no use.
          writer.entries.takeMark(handle, () => now);
          continue;
        }
        usedAt = now;
        if (step === 'coordinator') {
          writer.entries.noteUse(handle, now);
          continue;
        }
        reader.find(1, 'a', now);
        reader.mark(reader.markByte(handle));
        // A near entry looks at the shared one again after that.
        if (step === 'shared' || now >= markedUntil) {
          reader.noteUse(now);
          markedUntil = reader.markedUntil(now);
        }
        reader.leave();
      }
    });
    fc.assert(play, { numRuns: 500 });
  },
);

test('of all that use it one tells the writer, once in half of its time', () => {
  const writer = new ArenaWriter({ maxSize: 2 ** 16, seed: 1 });
  const readers = [join(writer), join(writer)];
  const idling = { ms: 1600, usedAt: 0, isTold: true };
  const terms = { freshUntil: Infinity, calmUntil: 0, idling };
  writer.add(entry('a', 10, { expiresAt: Infinity, terms }));
  let told = 0;
  for (let now = 0; now < 16_000; now += 10) {
    for (const reader of readers) {
      expect(reader.find(1, 'a', now)).toBe(true);
      if (reader.noteUse(now)) told++;
      reader.leave();
    }
  }
  expect(told).toBe(19);
});
