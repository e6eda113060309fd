/**
 * What must a contestant offer to take part? A name, what it is in one line, what it cannot do and
 * why, and a way to open it. Nothing here knows a contestant; nothing in a contestant knows a
 * scenario beyond the names of its parts.
 */
import type { Kind } from '../functions/plain.js';

/** The measured functions and their one argument. One primitive is the cheapest key for everybody. */
export interface Arguments {
  readonly addOne: number;
  readonly cost2ms: number;
  readonly cost20ms: number;
  /** Costs `unevenCost(key)` milliseconds. */
  readonly uneven: number;
  readonly value: Kind;
}

export type FunctionName = keyof Arguments;

/** A part of a scenario: one table of the report. */
export type PartName =
  | 'miss'
  | 'uneven'
  | 'stampede'
  | 'zipf'
  | 'hit main'
  | `${'near' | 'shared'}, ${string}`
  | 'main-load'
  | 'fragments'
  | `fleet ${'stampede' | 'hits' | 'handover' | 'outage'}`
  | 'sync'
  | 'scale'
  | 'memory'
  | 'lines'
  | 'disk'
  | 'disk store'
  | 'fingerprint';

export interface Setup {
  /** Worker threads to run, from the start and all the time. */
  readonly threads: number;
  /** The module that workers load, for contestants that are told; see `functions/`. */
  readonly functions: URL;
}

/** A contestant that is open, of whatever sort. */
export interface Closable {
  close(): Promise<void>;
}

/** A contestant that is ready to be called from the main thread. */
export interface Opened extends Closable {
  call<Name extends FunctionName>(name: Name, argument: Arguments[Name]): Promise<unknown>;
  /**
   * Set by one that caches nothing. Where a cache is what matters, it is asked each key only once:
   * what a perfect cache would cost on this machine, in this minute.
   */
  readonly cachesNothing?: true;
  /** How it reads a cached value on the main thread, when that is not `await call('value', kind)`. */
  readonly readHere?: (kind: Kind) => unknown;
}

export interface Contestant<Subject extends Closable = Closable> {
  readonly name: string;
  /** What it is, for a reader who does not know it. */
  readonly what: string;
  /** The parts it cannot do, each with the reason that the report prints. */
  readonly cannot: Partial<Readonly<Record<PartName, string>>>;
  /** What it needs and this machine lacks, and how to get it; nothing when all is there. */
  missing?(): string | undefined;
  open(setup: Setup): Promise<Subject>;
}

/** Contestants by name, in the order of the tables. */
export type Field<Subject extends Closable = Closable> = Readonly<
  Record<string, () => Promise<{ readonly contestant: Contestant<Subject> }>>
>;
