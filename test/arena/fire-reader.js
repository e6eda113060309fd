// One thread of fire.ts: reads as fast as it can, and checks that every value is what it says.

import { workerData } from 'node:worker_threads';
import { ArenaReader } from '../../build/src/arena/reader.js';

const { share, slot, shared, names, functions, seed } = workerData;
const { control, floors, clearFloors, wrong } = shared;
const reader = new ArenaReader(share, slot);
const words = new Int32Array(share.buffer);

/** What has been found, to be asked for again by handle and version. */
const near = Array.from({ length: 64 }, () => undefined);
let state = seed;

function random(below) {
  state = (Math.imul(state, 1664525) + 1013904223) | 0;
  return (state >>> 8) % below;
}

function report(kind, key, serial, floor) {
  if (Atomics.add(wrong, 0, 1) === 0) wrong.set([kind, key, serial, floor], 1);
}

/** Anything removed, cleared or expired by now must not be served by a look that begins later. */
function floorOf(key) {
  return Math.max(Atomics.load(floors, key), Atomics.load(clearFloors, key % functions));
}

function readOne(key) {
  const floor = floorOf(key);
  const now = Atomics.load(control, 2);
  if (!reader.find(key % functions, names[key], now)) return;
  if (reader.external) {
    reader.leave();
    return;
  }
  const at = reader.start / 4;
  const serial = words[at + 1];
  const length = reader.length / 4;
  if (words[at] !== key) report(1, key, words[at], floor);
  if (serial < floor) report(2, key, serial, floor);
  if (words[at + 2] !== length || length < 4) report(3, key, serial, length);
  if (words[at + 3] <= now || words[at + 3] !== reader.expiresAt) report(4, key, serial, now);
  if (reader.codec !== (serial & 0xff)) report(5, key, serial, reader.codec);
  for (let i = 4; i < length; i++) {
    if (words[at + i] !== Math.imul(serial ^ i, 0x9e3779b1)) report(6, key, serial, i);
  }
  const { handle, version, generation } = reader;
  near[key % near.length] = { key, serial, handle, version, generation };
  reader.mark(reader.markByte(handle));
  reader.leave();
  reader.count(1, 1);
  reader.countHit(key % functions, false, 0);
}

function readNear(remembered) {
  if (!remembered) return;
  const { key, serial, handle, version, generation } = remembered;
  const floor = floorOf(key);
  if (!reader.isCurrent(reader.versionWord(handle), version, key % functions, generation)) return;
  if (serial < floor) report(7, key, serial, floor);
  reader.count(2, 1);
}

while (Atomics.load(control, 0) === 0) {
  // Half the time what the writer is about to change.
  readOne(random(2) === 0 ? Atomics.load(control, 1) : random(names.length));
  readNear(near[random(near.length)]);
  reader.count(0, 1);
}
