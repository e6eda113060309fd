/**
 * How a thread reads the cache: by itself, without a message and without waiting. The same on the
 * coordinator's own thread and in workers.
 */

import { type ArenaShare, HIT_COLUMNS } from '../arena/layout.ts';
import { ArenaReader } from '../arena/reader.ts';
import type { Call } from '../call/call.ts';
import type { Definition } from '../call/registry.ts';
import type { Clock } from '../clock.ts';
import type { CacheAccess, Portable, ToCoordinator, ToThread } from '../protocol.ts';
import { dateNow, hrtime, performance } from '../runtime/globals.ts';
import { randomOf } from '../testing/random.ts';
import { SharedClock } from '../testing/shared-clock.ts';
import { EntryValues } from './entry-values.ts';
import {
  type EntrySight,
  type Found,
  FunctionReads,
  MISSED,
  type ThreadReads,
} from './function-reads.ts';
import { NearLimits } from './near-cache.ts';
import { RecordReads, type RecordsRead } from './record-reads.ts';

export const NEAR_ENTRIES = 0;
export const NEAR_BYTES = 1;

type Counts = Extract<ToCoordinator, { type: 'counts' }>;

/** Where a computation notes what it has used. */
interface Uses {
  used(fn: string, key: string, sight: EntrySight): void;
}

export class Reads {
  #thread: ThreadReads | undefined;
  #clock: Clock | undefined;
  /** The coordinator wants the arguments of calls that find nothing. */
  explains = false;
  readonly #functions = new Map<Definition, FunctionReads>();
  readonly #numbers = new Map<string, number>();
  readonly #limits = new NearLimits((entries, bytes) => {
    this.#thread?.reader.count(NEAR_ENTRIES, entries);
    this.#thread?.reader.count(NEAR_BYTES, bytes);
  });
  readonly #values = new EntryValues(this.#limits);
  #forSync: boolean;
  readonly #tell: (what: Counts | RecordsRead) => void;
  #records: RecordReads | undefined;
  /** Orders of this thread to forget something, until they are done. */
  #orders = 0;

  /**
   * @param forSync whether `sync` may read without asking the side first: see `Definition.reads`
   * @param tell tells the coordinator where this thread counts, and which records it has read
   */
  constructor(forSync: boolean, tell: (what: Counts | RecordsRead) => void) {
    this.#forSync = forSync;
    this.#tell = tell;
  }

  /** Until then everything is a miss. */
  connect({ share, slot, clockOffset, time, explains = false }: CacheAccess): void {
    this.explains = explains;
    const moreColumns = (fn: number) => {
      const memory = new SharedArrayBuffer(HIT_COLUMNS * Float64Array.BYTES_PER_ELEMENT);
      this.#tell({ type: 'counts', slot, fn, memory });
      return new Float64Array(memory);
    };
    const reader = new ArenaReader(share as ArenaShare, slot, moreColumns);
    const offset = clockOffset - clockOffsetHere();
    this.#clock = time && new SharedClock({ cells: time });
    const clock = this.#clock;
    this.#thread = {
      reader,
      limits: this.#limits,
      values: this.#values,
      now: clock ? () => clock.now() : () => performance.now() + offset,
      random: time ? randomOf(slot) : Math.random,
    };
  }

  /** By which values and time limits go, if it is not the system's. */
  get clock(): Clock | undefined {
    return this.#clock;
  }

  /** The coordinator's number for a function; until then it is a miss. */
  number(functionId: string, number: number): void {
    this.#numbers.set(functionId, number);
  }

  /** The coordinator's number for a function, if it is known here. */
  numberOf({ info }: Definition): number | undefined {
    return this.#numbers.get(info.id);
  }

  /** Whether shared memory has no entry of the call's key, for certain. */
  lacks(call: Call): boolean {
    return this.of(call.definition)?.lacks(call.key) ?? false;
  }

  /** `undefined` while the function cannot be read. */
  of(definition: Definition): FunctionReads | undefined {
    return this.#functions.get(definition) ?? this.#start(definition);
  }

  /** See `FunctionReads`; what memory has not, in a tier that can be read here. @throws {KeyError} */
  look(call: Call, isUse: boolean): Found {
    const found = this.of(call.definition)?.look(call, isUse) ?? MISSED;
    const { state } = found;
    if (state !== 'missed' || !this.#records || this.#orders > 0) return found;
    return this.#records.look(call, isUse);
  }

  /**
   * The same for a computation that notes what it uses: a call finds nothing that is stale, and nothing in a
   * tier. Between two looks at one entry, nothing but that was read.
   */
  lookFor(call: Call, isUse: boolean, tracker: Uses): Found {
    const reads = this.of(call.definition);
    const before = reads?.sight(call.key);
    if (!reads || !before || (isUse && !before.isFresh)) return MISSED;
    const found = reads.look(call, isUse);
    const after = found.state === 'missed' ? undefined : reads.sight(call.key);
    const { version, generation } = before;
    if (after?.version !== version || after.generation !== generation) return MISSED;
    tracker.used(call.definition.info.id, call.key, before);
    return found;
  }

  /** From now on every call asks its side first. */
  endShortcuts(): void {
    this.#forSync = false;
    for (const definition of this.#functions.keys()) definition.reads = undefined;
  }

  /** Records of this function can be read here. */
  readable({ fn, tierId, tier }: Extract<ToThread, { type: 'readable' }>): void {
    const thread = this.#thread;
    const number = this.#numbers.get(fn);
    if (!thread || number === undefined) return;
    this.#records ??= new RecordReads(tier, thread, {
      tell: this.#tell,
      date: () => this.#clock?.date() ?? dateNow(),
    });
    this.#records.add(fn, tierId, number);
  }

  /** What tiers have is asked for until this is done: the order to forget something is on its way. */
  async fence(order: Promise<void>): Promise<void> {
    this.#orders++;
    try {
      await order;
    } finally {
      this.#orders--;
    }
  }

  /** The pool is closed. */
  close(): void {
    this.#records?.close();
    this.#records = undefined;
  }

  /**
   * A value that has come by a message, or was computed here, for a caller here; `id` names the
   * entry that it is of.
   */
  adopt({ options }: Definition, id: number, value: Portable): unknown {
    return this.#values.of(options.values, id, value);
  }

  /** The same, when no call here has asked for it. */
  locate(id: number, value: Portable): void {
    this.#values.locate(id, value);
  }

  #start(definition: Definition): FunctionReads | undefined {
    const number = this.#numbers.get(definition.info.id);
    if (!this.#thread || number === undefined) return undefined;
    const reads = new FunctionReads(definition, number, this.#thread);
    this.#functions.set(definition, reads);
    if (this.#forSync) definition.reads = reads;
    return reads;
  }
}

/** The thread may be suspended between two readings, and the first ones take long: of several, the best counts. */
const READINGS = 8;

/**
 * `performance.now()` begins when its thread does; `hrtime()` is the same in all of them. Milliseconds
 * from the one to the other, to less than a microsecond: what was made stale is so for each thread at once.
 */
export function clockOffsetHere(
  now: () => number = performance.now,
  time: () => [number, number] = hrtime,
): number {
  let shortest = Number.POSITIVE_INFINITY;
  let offset = 0;
  for (let left = READINGS; left > 0; left--) {
    const before = millisecondsOf(time());
    const here = now();
    const gap = millisecondsOf(time()) - before;
    if (gap >= shortest) continue;
    shortest = gap;
    offset = here - (before + gap / 2);
  }
  return offset;
}

function millisecondsOf([seconds, nanoseconds]: [number, number]): number {
  return seconds * 1000 + nanoseconds / 1e6;
}
