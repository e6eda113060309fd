/**
 * What is a scenario? One or more parts, each a question with a table of its own, measured in rounds:
 * A B C, C B A, ... so that a machine that slows down does so for all. Ratios are taken within
 * a round, and their median is what counts.
 *
 * What must a contestant offer to take part? A name, what it is in one line, what it cannot do and why,
 * and a way to open it. No file knows all of both: a scenario names its field of contestants, and they
 * know no more of it than the names of its parts.
 */
import type { Kind } from './functions/plain.js';

/** Worker threads of every contestant, on every machine: numbers stay comparable. */
export const threads = 2;
/**
 * Options of every worker: they load JavaScript only, and tsx, which these benchmarks are run by,
 * would give them slower code than users build.
 */
export const plainNode: { readonly execArgv: string[] } = { execArgv: [] };

/** The measured functions and their one argument. One primitive is the cheapest key for all. */
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
  | 'io'
  | 'mixed'
  | 'limited'
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
  | `tiers ${'miss' | 'hit' | 'hit, worker'}`
  | 'fingerprint'
  | 'blocks'
  | `routes ${'node' | 'express' | 'fastify' | 'hono'}`
  | `observed ${'scrape' | 'page' | 'paint'}`
  | 'tags'
  | 'fresh'
  | 'fresh failing'
  | 'fresh fleet'
  | 'fresh hit'
  | `start ${'import' | 'answer'}`;

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
  /** The folder of the threadmemo that its process loads, when that is not this checkout's. */
  readonly package?: string;
  /** What it needs and this machine lacks, and how to get it; nothing when all is there. */
  missing?(): string | undefined;
  /** Loads its packages only here: the first run installs them, and no other contestant needs them. */
  open(setup: Setup): Promise<Subject>;
}

/** One part's numbers of one contestant in one round, by the ids of its metrics. */
export type Sample = Readonly<Record<string, number>>;

export interface Metric {
  readonly id: string;
  readonly label: string;
  /** Digits after the point. */
  readonly digits: number;
  /** How the rounds become one number; `max` where one bad round is one too many. */
  readonly over: 'median' | 'max';
  /** Also shown as the ratio to the part's baseline. */
  readonly ratio: boolean;
  /** Which numbers are the better ones. */
  readonly better: 'low' | 'high';
}

/** For a bar: in each round, the best of those that are not threadmemo's. */
export const bestOther = 'the best other';

/** What the project promises itself. Reported, never enforced: machines differ. */
export interface Bar {
  readonly contestant: string;
  readonly metric: string;
  readonly of: 'value' | 'ratio' | 'difference';
  /** For a difference, or a ratio that is not to the part's baseline: the contestant that it is to. */
  readonly to?: string;
  readonly must: 'be at least' | 'be at most';
  readonly limit: number;
}

/** `Subject` is what its contestants are when they are open. */
export interface Part<Subject = Closable> {
  readonly name: PartName;
  readonly question: string;
  /** The contestant that ratios are taken to; it always takes part. */
  readonly baseline?: string;
  readonly metrics: readonly Metric[];
  readonly bars: readonly Bar[];
  /** Rounds are numbered from 0, warm-up included, and never share a key. */
  measure(opened: Subject, round: number): Promise<Sample>;
}

export interface Scenario<Subject extends Closable = Closable> {
  readonly name: string;
  /** Who takes part, in the order of the tables. */
  readonly field: readonly Contestant<Subject>[];
  /** Rounds that every contestant runs, whole and unmeasured, before those that count. */
  readonly warmUps: number;
  readonly rounds: number;
  readonly parts: readonly Part<Subject>[];
  readonly notShown: readonly string[];
}

export function metric(id: string, label: string, options: Partial<Metric> = {}): Metric {
  return { id, label, digits: 0, over: 'median', ratio: false, better: 'low', ...options };
}

/** @throws {Error} when there is none of that name */
export function contestantCalled<Subject extends Closable>(
  name: string,
  field: readonly Contestant<Subject>[],
): Contestant<Subject> {
  const found = field.find((it) => it.name === name);
  if (found === undefined) throw new Error(`no contestant is called "${name}"`);
  return found;
}
