/** Memory is used again under a reader, or never again because of a thread that has died. */

import { expect, test } from 'vitest';
import type { Handle } from '../../src/arena/entries.ts';
import { ArenaReader } from '../../src/arena/reader.ts';
import { ArenaWriter } from '../../src/arena/writer.ts';
import { bytesFor, entry, join, read } from './entries.ts';

/** Adds and removes until the arena refuses, or everything in it has been written anew many times. */
function churn(writer: ArenaWriter, rounds = 3000): number {
  const handles: Handle[] = [];
  for (let i = 0; i < rounds; i++) {
    const handle = writer.add(entry(`churn ${i}`, 300));
    if (handle !== undefined) handles.push(handle);
    else if (writer.refusal === 'waiting') break;
    else if (writer.refusal === 'full') writer.remove(handles.shift() as Handle);
  }
  for (const handle of handles) writer.remove(handle);
  return writer.refusal === 'waiting' ? 0 : rounds;
}

function inside(reader: ArenaReader): Buffer {
  return reader.bytes.subarray(reader.start, reader.start + reader.length);
}

test('what a reader has found stays as it is until it leaves, and then all goes on', () => {
  const writer = new ArenaWriter({ maxSize: 2 ** 16, seed: 1 });
  const [other, reader] = [join(writer), join(writer)];
  const handle = writer.add(entry('a', 300)) as number;
  expect(reader.find(1, 'a', 0)).toBe(true);
  writer.remove(handle);
  expect(churn(writer)).toBe(0);
  expect(inside(reader).equals(bytesFor('a', 300))).toBe(true);
  // Others read what there is meanwhile, and to look again is not to leave.
  writer.add(entry('b', 10));
  expect(read(other, 1, 'b')?.length).toBe(10);
  expect(reader.find(1, 'a', 0)).toBe(false);
  expect(churn(writer)).toBe(3000);
});

test('an entry that is moved stays for who has found it where it was', () => {
  const writer = new ArenaWriter({ maxSize: 2 ** 16, seed: 1 });
  const reader = join(writer);
  const handle = writer.add(entry('a', 300)) as number;
  expect(reader.find(1, 'a', 0)).toBe(true);
  const before = reader.start;
  const seen = inside(reader);
  expect(churn(writer)).toBe(0);
  expect(seen.equals(bytesFor('a', 300))).toBe(true);
  reader.leave();
  expect(churn(writer)).toBe(3000);
  expect(reader.find(1, 'a', 0)).toBe(true);
  expect(reader.start).not.toBe(before);
  expect([reader.handle, writer.find(1, 'a')]).toEqual([handle, handle]);
  expect(inside(reader).equals(bytesFor('a', 300))).toBe(true);
});

test('two readers inside in turns hold nothing up: memory does not wait for a later reader', () => {
  const writer = new ArenaWriter({ maxSize: 2 ** 16, seed: 1 });
  const readers = [join(writer), join(writer)] as const;
  writer.add(entry('a', 8));
  readers[0].find(1, 'a', 0);
  for (let i = 0; i < 3000; i++) {
    const [one, two] = i % 2 === 0 ? readers : [readers[1], readers[0]];
    two.find(1, 'a', 0);
    one.leave();
    const handle = writer.add(entry('b', 400));
    expect(handle).toBeDefined();
    writer.remove(handle as Handle);
  }
});

test('a thread that died inside holds nothing up once it counts as dead', () => {
  const writer = new ArenaWriter({ maxSize: 2 ** 16, seed: 1 });
  const slot = writer.threads.join() as number;
  const dead = new ArenaReader(writer.share, slot);
  writer.add(entry('a', 8));
  expect(dead.find(1, 'a', 0)).toBe(true);
  expect(churn(writer)).toBe(0);
  writer.threads.leave(slot);
  expect(churn(writer)).toBe(3000);
  // The next thread in its place is protected as well.
  expect(writer.threads.join()).toBe(slot);
  const next = new ArenaReader(writer.share, slot);
  const handle = writer.add(entry('c', 300)) as number;
  expect(next.find(1, 'c', 0)).toBe(true);
  writer.remove(handle);
  expect(churn(writer)).toBe(0);
  expect(inside(next).equals(bytesFor('c', 300))).toBe(true);
});
