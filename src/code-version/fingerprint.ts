/**
 * Which code a memoized function can reach, as 32 hexadecimal digits: the same when that code is the
 * same, wherever it lies and however it is written down. Where that cannot be told for the function
 * alone, it is what its module can reach.
 *
 * What counts is what a bundler would ship (`bundle.ts`, `parts.ts`), and the names and versions of the packages
 * that it imports (`packages.ts`), and the conditions by which these choose among their files
 * (`conditions.ts`). It is computed once a process, and not at all if the files that
 * it was computed from are as they were (`stamps.ts`).
 */

import { createHash } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { type Clock, systemClock } from '../clock.ts';
import { FingerprintError } from '../errors.ts';
import type { Bundler } from './bundle.ts';
import { CodeNotes, codeNoteOf } from './code-notes.ts';
import { activeConditions } from './conditions.ts';
import { Glance } from './stamp.ts';
import { changedAfter, type Finding, type RecalledFinding, Stamps } from './stamps.ts';

/** Raise it when the same code gets another fingerprint than before. */
const FORMAT = 3;
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
  readonly #known = new Map<string, Found | Promise<Found>>();
  /** Of modules: thousands of functions may be in one. */
  readonly #paths = new Map<string, string>();
  readonly #stamps: Stamps | undefined;
  readonly #notes: CodeNotes | undefined;
  readonly #startedAt: number;
  readonly #conditions: readonly string[];
  readonly #clock: Clock;
  readonly #bundler: Bundler;

  constructor(options: FingerprintOptions = {}) {
    const { directory, startedAt = Number.POSITIVE_INFINITY } = options;
    const { conditions = activeConditions(), clock = systemClock, bundler = bundle } = options;
    this.#stamps = directory === undefined ? undefined : new Stamps(directory, conditions);
    this.#notes = directory === undefined ? undefined : new CodeNotes(directory);
    this.#startedAt = startedAt;
    this.#conditions = conditions;
    this.#clock = clock;
    this.#bundler = bundler;
  }

  /**
   * The fingerprint of a function, as its module was when one of its functions was first asked for; at
   * once, when it is remembered. What is thrown rejects the promise.
   * @param module its `file:` URL; a query is of no account
   * @param name of the function, as in its id; without it, of the whole module
   * @throws {FingerprintError} when its code cannot be read.
   * @throws {MissingPackageError} without the package esbuild, unless it is remembered.
   */
  of(module: string, name = ''): string | Promise<string> {
    const found = this.#ofModule(this.#pathOf(module));
    return found instanceof Promise ? found.then((its) => its.of(name)) : found.of(name);
  }

  #pathOf(module: string): string {
    let path = this.#paths.get(module);
    if (path === undefined) {
      path = fileURLToPath(module);
      this.#paths.set(module, path);
    }
    return path;
  }

  #ofModule(entry: string): Found | Promise<Found> {
    let known = this.#known.get(entry);
    if (known === undefined) {
      const now = new Glance();
      const recalled = this.#stamps?.recall(entry, now);
      const runs = recalled && changedAfter(this.#startedAt, recalled.looked, now) === undefined;
      known = runs ? new Found(recalled.fingerprints) : this.#find(entry, recalled);
      this.#known.set(entry, known);
      // Not kept as a promise: what is asked for later is there at once.
      if (known instanceof Promise) {
        known.then(
          (found) => this.#known.set(entry, found),
          () => {},
        );
      }
    }
    return known;
  }

  async #find(entry: string, recalled: RecalledFinding | undefined): Promise<Found> {
    const { fingerprints, looked } = recalled ?? (await this.#compute(entry));
    const changed = changedAfter(this.#startedAt, looked, new Glance());
    if (changed === undefined) return new Found(fingerprints);
    throw new FingerprintError(
      `it is not known which code of ${entry} runs, because ${changed} was changed after the ` +
        'process had started. Start it again, or give the functions a version',
    );
  }

  async #compute(entry: string): Promise<Finding> {
    const begun = this.#clock.date();
    const bundled = await this.#bundler(entry, this.#conditions);
    const { texts, parts, packages, looked } = bundled;
    const digest = (its: readonly string[]) =>
      createHash('sha256')
        .update(JSON.stringify([FORMAT, its, packages, this.#conditions]))
        .digest('hex')
        .slice(0, DIGITS);
    const fingerprints = Object.fromEntries([
      [WHOLE, digest(texts)],
      ...[...parts].map(([name, its]) => [name, digest(its)] as const),
    ]);
    const finding = { fingerprints, looked, begun };
    this.#stamps?.remember(entry, finding);
    this.#notes?.keep(codeNoteOf(bundled, this.#conditions, Object.values(fingerprints)));
    return finding;
  }
}

/** Of the whole module; no function has that name. */
const WHOLE = '';

/** Of one module. */
class Found {
  readonly #fingerprints: ReadonlyMap<string, string>;

  constructor(fingerprints: Readonly<Record<string, string>>) {
    this.#fingerprints = new Map(Object.entries(fingerprints));
  }

  of(name: string): string {
    return this.#fingerprints.get(name) ?? (this.#fingerprints.get(WHOLE) as string);
  }
}
