/**
 * What must a contestant offer to take part? A name, what it is in one line, what it cannot do and
 * why, and a way to open it. Nothing here knows a contestant; nothing in a contestant knows a
 * scenario beyond the names of its parts.
 */
import type { HitOrder } from '../functions/hits.js';
import type { Kind } from '../functions/plain.js';

/** The measured functions and their one argument. One primitive is the cheapest key for everybody. */
export interface Arguments {
  readonly addOne: number;
  readonly cost2ms: number;
  readonly cost20ms: number;
  readonly value: Kind;
  /** Runs a loop of hits inside a worker; answers nanoseconds a hit. */
  readonly readAgain: HitOrder;
}

export type FunctionName = keyof Arguments;

/** A part of a scenario: one table of the report. */
export type PartName = 'miss' | 'stampede' | 'zipf' | 'hit main' | 'hit worker';

export interface Setup {
  /** Worker threads to run, from the start and all the time. */
  readonly threads: number;
  /** The module that workers load, for contestants that are told; see `functions/`. */
  readonly functions: URL;
}

/** A contestant that is ready to be called. */
export interface Opened {
  call<Name extends FunctionName>(name: Name, argument: Arguments[Name]): Promise<unknown>;
  /**
   * Set by one that caches nothing. Where a cache is what matters, it is asked each key only once:
   * what a perfect cache would cost on this machine, in this minute.
   */
  readonly cachesNothing?: true;
  /** How it reads a cached value on the main thread, when that is not `await call('value', kind)`. */
  readonly readHere?: (kind: Kind) => unknown;
  close(): Promise<void>;
}

export interface Contestant {
  readonly name: string;
  /** What it is, for a reader who does not know it. */
  readonly what: string;
  /** The parts it cannot do, each with the reason that the report prints. */
  readonly cannot: Partial<Readonly<Record<PartName, string>>>;
  open(setup: Setup): Promise<Opened>;
}
