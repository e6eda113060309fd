/** A run and what is around it: watches it, ends it when it is told to, and says how it has ended. */

import type { Memoized } from '../api/memoize.ts';
import { Call } from '../call/call.ts';
import { definitionOf } from '../call/registry.ts';
import { type CoordinatorSide, installedSide } from '../call/side.ts';
import { MemoError } from '../errors.ts';
import type { MemoPool } from '../index.ts';
import { performance } from '../runtime/globals.ts';
import { printable } from '../text/printable.ts';
import { Exit, Unusable } from './ended.ts';
import { messageOf, wordsOf } from './error-words.ts';
import type { Input } from './input.ts';
import { type Interrupting, onInterruption } from './interruption.ts';
import { blocksOf } from './lines.ts';
import { MapRun } from './map-run.ts';
import type { OutFile } from './out-file.ts';
import { Output } from './output.ts';
import { print, STDOUT } from './print.ts';
import { ProgressLine } from './progress.ts';
import {
  type Counts,
  failing,
  howToResume,
  type Kept,
  notStored,
  summary,
  threadDeaths,
} from './report.ts';
import { tell } from './tell.ts';
import type { WatchedTier } from './watched-tier.ts';
import { shortened } from './wording.ts';

export interface MappingOptions {
  readonly cache?: string;
  readonly redis?: string;
  readonly args?: boolean;
  readonly unordered?: boolean;
  readonly keepGoing?: boolean;
  readonly quiet?: boolean;
  readonly json?: boolean;
}

/** A pool, and the tiers that it was given. */
export interface MappingPool extends AsyncDisposable {
  readonly pool: MemoPool;
  readonly watched: readonly WatchedTier[];
}

export class Mapping {
  readonly #fn: Memoized;
  readonly #input: Input;
  readonly #pool: MemoPool;
  readonly #watched: readonly WatchedTier[];
  readonly #out: OutFile | undefined;
  readonly #options: MappingOptions;
  readonly #output: Output;
  readonly #run: MapRun;
  readonly #progress: ProgressLine;
  readonly #begun = performance.now();
  #interrupted: Interrupting | undefined;

  constructor(
    fn: Memoized,
    input: Input,
    { pool, watched }: MappingPool,
    out: OutFile | undefined,
    options: MappingOptions,
  ) {
    this.#fn = fn;
    this.#input = input;
    this.#pool = pool;
    this.#watched = watched;
    this.#out = out;
    this.#options = options;
    this.#output = new Output(out?.fd ?? STDOUT, () => this.#run.changed());
    this.#run = new MapRun({
      call: fn as (...args: unknown[]) => Promise<unknown>,
      hold: holder(fn),
      withdraw: () => pool.withdraw(),
      threads: ownSide()?.threads || 1,
      output: this.#output,
      endInput: () => input.close(),
      failed: (line, source, error) => this.#sayFailed(line, source, error),
      args: options.args ?? false,
      unordered: options.unordered ?? false,
      keepGoing: options.keepGoing ?? false,
    });
    this.#progress = new ProgressLine(() => ({ counts: this.#counts(), fraction: this.#fraction }));
  }

  /** @returns the exit code @throws {Unusable} */
  async run(): Promise<number> {
    const endWatch = onInterruption((signal) => this.#interrupt(signal));
    const { quiet, json } = this.#options;
    if (!quiet && !(json && !process.stderr.isTTY)) this.#progress.start();
    try {
      await this.#run.run(blocksOf(this.#input.chunks));
      this.#progress.end();
      return await this.#ended();
    } catch (cause) {
      throw cause instanceof Unusable ? cause : new Unusable(messageOf(cause));
    } finally {
      this.#progress.end();
      endWatch();
    }
  }

  async #ended(): Promise<number> {
    const before = this.#counts();
    // What was computed is on the disk before a message says that it is.
    await this.#pool.close();
    // The last lines' threads may have died since.
    const counts = { ...before, uncaught: this.#pool.stats().uncaught };
    const code = this.#code();
    if (this.#output.unread) return code;
    const isComplete = !this.#interrupted && (counts.failed === 0 || this.#options.keepGoing);
    if (isComplete) this.#out?.complete();
    await this.#report(counts, code, this.#out?.leave());
    return code;
  }

  #code(): number {
    if (this.#output.unread) return Exit.unread;
    if (this.#interrupted) return Exit.interrupted[this.#interrupted];
    return this.#run.failures > 0 ? Exit.failed : Exit.done;
  }

  /** @param soFar where results are that are not complete */
  async #report(counts: Counts, code: number, soFar: string | undefined): Promise<void> {
    const { json, quiet } = this.#options;
    const kept = this.#kept();
    if (json) {
      const interrupted = this.#interrupted;
      const report = JSON.stringify({ ...counts, notStored: failing(kept), interrupted, code });
      // Where the results do not go. They are complete, whether this is read or not.
      if (this.#out) await print(printable(report));
      else process.stderr.write(`${printable(report)}\n`);
    } else if (!quiet) {
      for (const line of [summary(counts), ...threadDeaths(counts), ...notStored(kept)]) tell(line);
    }
    if (this.#interrupted) tell(howToResume(kept, soFar));
  }

  #sayFailed(line: number, source: string, error: unknown): void {
    const { name, message, stack } = wordsOf(error);
    const isOurs = error instanceof MemoError;
    const short = printable(`${name}: ${message}`);
    const what = this.#options.keepGoing || isOurs ? short : (stack ?? short);
    this.#progress.say(`line ${line}: ${what}\n  input: ${shortened(source)}`);
  }

  #interrupt(signal: Interrupting): void {
    this.#interrupted = signal;
    if (!this.#options.quiet) {
      this.#progress.say('finishing what runs; once more ends at once');
    }
    this.#run.withdraw();
  }

  get #fraction(): number | undefined {
    const { size } = this.#input;
    return size ? (this.#run.bytes / size) * this.#run.share : undefined;
  }

  /** After the pool was closed, which writes the rest. */
  #kept(): readonly Kept[] {
    const { tiers } = this.#pool.stats();
    return this.#watched.map((watched) => {
      const { name: tier } = watched.tier;
      const place = tier === 'disk' ? (this.#options.cache ?? tier) : 'Redis';
      return { tier, place, ...watched.counts(tiers[tier]?.skipped ?? 0) };
    });
  }

  #counts(): Counts {
    const { lines, written, failures: failed, joined, joinedMs } = this.#run;
    const { hits, waits, computations } = this.#fn.stats();
    const { computeMsSpent, computeMsSaved, tiers, uncaught } = this.#pool.stats();
    return {
      lines,
      written,
      failed,
      uncaught,
      hits,
      hitsOnDisk: tiers['disk']?.hits ?? 0,
      hitsInRedis: tiers['redis']?.hits ?? 0,
      deduplicated: waits + joined,
      computed: computations,
      computeMsSpent,
      computeMsSaved: computeMsSaved + joinedMs,
      ms: performance.now() - this.#begun,
    };
  }
}

/** The side of this thread, and the function as the registry has it, do not change while it runs. */
function holder(fn: Memoized) {
  const side = ownSide();
  const definition = definitionOf(fn.id);
  return (args: readonly unknown[]) => definition && side?.hold(new Call(definition, args));
}

function ownSide(): CoordinatorSide | undefined {
  const side = installedSide();
  return side?.kind === 'coordinator' ? side : undefined;
}
