/**
 * What is a scenario? One or more parts, each a question with a table of its own, measured in rounds:
 * A B C, A B C, ... so that a machine that slows down does so for everybody. Ratios are taken within
 * a round, and their median is what counts.
 */
import type { Closable, Field, PartName } from './contestants/contestant.ts';

/** Worker threads of every contestant, on every machine: numbers stay comparable. */
export const threads = 2;
/**
 * Options of every worker: they load JavaScript only, and tsx, which these benchmarks are run by,
 * would give them slower code than users build.
 */
export const plainNode: { readonly execArgv: string[] } = { execArgv: [] };

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
}

/** What the project promises itself. Reported, never enforced: machines differ. */
export interface Bar {
  readonly contestant: string;
  readonly metric: string;
  readonly of: 'value' | 'ratio';
  /** For a ratio that is not to the part's baseline: the contestant that it is to. */
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
  readonly field: Field<Subject>;
  /** Rounds that every contestant runs, whole and unmeasured, before those that count. */
  readonly warmUps: number;
  readonly rounds: number;
  readonly parts: readonly Part<Subject>[];
  readonly notShown: readonly string[];
}

export function metric(id: string, label: string, options: Partial<Metric> = {}): Metric {
  return { id, label, digits: 0, over: 'median', ratio: false, ...options };
}
