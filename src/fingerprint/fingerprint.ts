/**
 * Which code a module's functions can reach, as 32 hexadecimal digits: the same when that code is
 * the same, wherever it lies and however it is written down.
 *
 * What counts is what a bundler would ship (`bundle.ts`), and the names and versions of the packages
 * that it imports (`packages.ts`), and the conditions by which these choose among their files
 * (`conditions.ts`). It is computed once a process, and not at all if the files that
 * it was computed from are as they were (`stamps.ts`).
 */

import { createHash } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { type Clock, systemClock } from '../clock.ts';
import { FingerprintError } from '../errors.ts';
import type { Bundler } from './bundle.ts';
import { activeConditions } from './conditions.ts';
import { Glance } from './stamp.ts';
import { changedAfter, type Finding, type Recalled, Stamps } from './stamps.ts';

/** Raise it when the same code gets another fingerprint than before. */
const FORMAT = 2;
const DIGITS = 32;

/** Loaded when it is needed: mostly, all is remembered. */
const bundle: Bundler = async (...of) => (await import('./bundle.ts')).bundle(...of);

export interface FingerprintOptions {
  /** Where fingerprints are remembered; made when it does not exist. Without it, they are not. */
  readonly directory?: string | undefined;
  /**
   * When the process has started to load code, in milliseconds since 1970. What was changed since
   * may be another code than the one that runs, and is refused. Default: nothing is.
   */
  readonly startedAt?: number;
  /** Those of `activeConditions()`, unless given. */
  readonly conditions?: readonly string[];
  readonly clock?: Clock;
  readonly bundler?: Bundler;
}

export class Fingerprints {
  readonly #known = new Map<string, string | Promise<string>>();
  readonly #stamps: Stamps | undefined;
  readonly #startedAt: number;
  readonly #conditions: readonly string[];
  readonly #clock: Clock;
  readonly #bundler: Bundler;

  constructor(options: FingerprintOptions = {}) {
    const { directory, startedAt = Number.POSITIVE_INFINITY } = options;
    const { conditions = activeConditions(), clock = systemClock, bundler = bundle } = options;
    this.#stamps = directory === undefined ? undefined : new Stamps(directory, conditions);
    this.#startedAt = startedAt;
    this.#conditions = conditions;
    this.#clock = clock;
    this.#bundler = bundler;
  }

  /**
   * The fingerprint of a module, as it was when it was first asked for; at once, when it is
   * remembered. What is thrown rejects the promise.
   * @param module its `file:` URL; a query is of no account
   * @throws {FingerprintError} when its code cannot be read.
   * @throws {MissingPackageError} without the package esbuild, unless it is remembered.
   */
  of(module: string): string | Promise<string> {
    const entry = fileURLToPath(module);
    let known = this.#known.get(entry);
    if (known === undefined) {
      const now = new Glance();
      const recalled = this.#stamps?.recall(entry, now);
      const runs = recalled && changedAfter(this.#startedAt, recalled.looked, now) === undefined;
      known = runs ? recalled.fingerprint : this.#find(entry, recalled);
      this.#known.set(entry, known);
    }
    return known;
  }

  async #find(entry: string, recalled: Recalled | undefined): Promise<string> {
    const { fingerprint, looked } = recalled ?? (await this.#compute(entry));
    const changed = changedAfter(this.#startedAt, looked, new Glance());
    if (changed === undefined) return fingerprint;
    throw new FingerprintError(
      `it is not known which code of ${entry} runs, because ${changed} was changed after the ` +
        'process had started. Start it again, or give the functions a version',
    );
  }

  async #compute(entry: string): Promise<Finding> {
    const begun = this.#clock.date();
    const { texts, packages, looked } = await this.#bundler(entry, this.#conditions);
    const all = JSON.stringify([FORMAT, texts, packages, this.#conditions]);
    const fingerprint = createHash('sha256').update(all).digest('hex').slice(0, DIGITS);
    const finding = { fingerprint, looked, begun };
    this.#stamps?.remember(entry, finding);
    return finding;
  }
}
