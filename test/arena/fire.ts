/**
 * The arena under fire: threads read as fast as they can, while this one publishes, evicts, moves,
 * clears and reuses memory as fast as it can, and threads are terminated at any moment.
 *
 * Every value certifies itself: its key, a serial number that no other value has, its length, its
 * expiry, and words that follow from the serial number. What has been removed raises a floor in
 * shared memory: a look that begins after that must not find a serial number below it.
 */

import { Worker } from 'node:worker_threads';
import type { Handle } from '../../build/src/arena/entries.js';
import { ArenaWriter } from '../../build/src/arena/writer.js';
import { nextVersion, random } from './entries.ts';

const KEYS = 1200;
const FUNCTIONS = 4;
const KINDS = ['key', 'stale', 'length', 'expired', 'codec', 'bytes', 'near'] as const;

interface Thread {
  readonly slot: number;
  readonly worker: Worker;
  readonly ended: Promise<unknown>;
}

export interface Tally {
  reads: number;
  hits: number;
  nearHits: number;
  published: number;
  evicted: number;
  cleared: number;
  terminated: number;
  waits: number;
}

export class Fire {
  readonly writer: ArenaWriter;
  readonly #random: () => number;
  readonly #names: string[];
  readonly #handles: (Handle | undefined)[] = new Array(KEYS);
  readonly #serials: number[] = new Array(KEYS).fill(0);
  readonly #threads = new Set<Thread>();
  /** 0: stop; 1: the key that changes now; 2: the time. */
  readonly #control = new Int32Array(new SharedArrayBuffer(12));
  readonly #floors = new Int32Array(new SharedArrayBuffer(4 * KEYS));
  readonly #clearFloors = new Int32Array(new SharedArrayBuffer(4 * FUNCTIONS));
  /** How many, and the first: kind, key, serial number, floor. */
  readonly #wrong = new Int32Array(new SharedArrayBuffer(20));
  readonly #value = new Int32Array(304);
  readonly #maxSize: number;
  #serial = 1;
  readonly #tally = { published: 0, evicted: 0, cleared: 0, terminated: 0, waits: 0 };

  constructor(options: { readonly maxSize: number; readonly threads: number; seed: number }) {
    this.#maxSize = options.maxSize;
    this.#random = random(options.seed);
    this.writer = new ArenaWriter({ maxSize: options.maxSize, seed: options.seed });
    this.#names = Array.from({ length: KEYS }, (_, key) =>
      key % 7 === 0 ? `\u20ac${key}` : `${key}:${'x'.repeat(key % 60)}`,
    );
    for (let i = 0; i < options.threads; i++) this.#start();
  }

  get tally(): Tally {
    const [reads, hits, nearHits] = [0, 1, 2].map((i) => this.writer.threads.sum(i));
    return { ...this.#tally, reads, hits, nearHits } as Tally;
  }

  /** Changes so many entries, and lets the events in between happen. Throws for what went wrong. */
  async round(changes: number): Promise<void> {
    for (let i = 0; i < changes; i++) this.#change(this.#pick(KEYS));
    await new Promise((resolve) => setImmediate(resolve));
    const [count, kind, ...rest] = this.#wrong;
    if (count !== 0) {
      throw new Error(`${count} wrong, the first: ${KINDS[(kind as number) - 1]} ${rest}`);
    }
    if (this.writer.usedBytes() > this.#maxSize) throw new Error('more bytes than allowed');
  }

  /** Terminates a thread wherever it is, starts another, and changes go on meanwhile. */
  replace(): void {
    const [thread] = this.#threads;
    if (!thread) return;
    this.#threads.delete(thread);
    this.#tally.terminated++;
    void thread.worker.terminate();
    this.#start();
  }

  /** Ends the threads and removes every entry. */
  async end(): Promise<void> {
    Atomics.store(this.#control, 0, 1);
    await Promise.all([...this.#threads].map(({ ended }) => ended));
    for (let key = 0; key < KEYS; key++) this.#remove(key);
    while (this.writer.tidy());
  }

  #start(): void {
    const slot = this.writer.threads.join() as number;
    const shared = {
      control: this.#control,
      floors: this.#floors,
      clearFloors: this.#clearFloors,
      wrong: this.#wrong,
    };
    const { share } = this.writer;
    const seed = this.#pick(2 ** 31);
    const worker = new Worker(new URL('fire-reader.js', import.meta.url), {
      workerData: { share, slot, shared, names: this.#names, functions: FUNCTIONS, seed },
    });
    const ended = new Promise<void>((resolve, reject) => {
      worker.once('error', reject);
      worker.once('exit', () => {
        this.writer.threads.leave(slot);
        resolve();
      });
    });
    this.#threads.add({ slot, worker, ended });
  }

  #change(key: number): void {
    Atomics.store(this.#control, 1, key);
    const choice = this.#random();
    if (choice < 0.0005) this.#clear(key % FUNCTIONS);
    else if (choice < 0.1) this.#remove(key);
    else if (choice < 0.2) Atomics.add(this.#control, 2, 1);
    else if (choice < 0.3) this.writer.tidy();
    else this.#publish(key);
  }

  #publish(key: number): void {
    this.#remove(key);
    const serial = this.#serial++;
    const expiresAt = Atomics.load(this.#control, 2) + 1 + this.#pick(100);
    const length = 4 + this.#pick(this.#random() < 0.1 ? 300 : 60);
    this.#value.set([key, serial, length, expiresAt]);
    for (let i = 4; i < length; i++) this.#value[i] = Math.imul(serial ^ i, 0x9e3779b1);
    const bytes = new Uint8Array(this.#value.buffer, 0, length * 4);
    const [fn, name] = [key % FUNCTIONS, this.#names[key] as string];
    for (let tries = 0; tries < 100; tries++) {
      const added = {
        fn,
        key: name,
        codec: serial & 0xff,
        bytes,
        expiresAt,
        cost: 1,
        version: nextVersion(),
      };
      const handle = this.writer.add(added);
      if (handle !== undefined) {
        this.#handles[key] = handle;
        this.#serials[key] = serial;
        this.#tally.published++;
        return;
      }
      if (this.writer.refusal === 'waiting') {
        this.#tally.waits++;
        return;
      }
      if (this.writer.refusal === 'full') this.#evict();
    }
  }

  #evict(): void {
    let key = this.#pick(KEYS);
    while (this.#handles[key] === undefined) key = (key + 1) % KEYS;
    this.#remove(key);
    this.#tally.evicted++;
  }

  #remove(key: number): void {
    const handle = this.#handles[key];
    if (handle === undefined) return;
    this.#handles[key] = undefined;
    this.writer.entries.takeMark(handle, () => 0);
    this.writer.remove(handle);
    Atomics.store(this.#floors, key, (this.#serials[key] as number) + 1);
  }

  #clear(fn: number): void {
    this.writer.raiseGeneration(fn);
    Atomics.store(this.#clearFloors, fn, this.#serial);
    this.#tally.cleared++;
  }

  #pick(below: number): number {
    return Math.floor(this.#random() * below);
  }
}
