/** `threadmemo map`: puts a run together, watches it, and says how it has ended. */

import { MemoError } from '../errors.ts';
import { createPool, type MemoPool } from '../index.ts';
import type { Memoized } from '../memoize.ts';
import { definitionOf } from '../registry.ts';
import { installedSide } from '../side.ts';
import { Exit, Unusable } from './ended.ts';
import { messageOf, wordsOf } from './error-words.ts';
import { findFunction } from './find-function.ts';
import { type Input, openInput } from './input.ts';
import { type Interrupting, onInterruption } from './interruption.ts';
import { blocksOf } from './lines.ts';
import { MapRun } from './map-run.ts';
import { type OutFile, openOutFile } from './out-file.ts';
import { Output } from './output.ts';
import { print, STDOUT } from './print.ts';
import { Progress } from './progress.ts';
import { type Counts, summary } from './report.ts';
import { openTiers, type TierOptions } from './tiers.ts';
import { shortened } from './wording.ts';

export interface MapCommand extends TierOptions {
  readonly out?: string;
  readonly threads?: number;
  readonly args?: boolean;
  readonly unordered?: boolean;
  readonly keepGoing?: boolean;
  readonly quiet?: boolean;
  readonly json?: boolean;
}

/** Of the memory that all threads share; the command promises to need little in all. */
const MEMORY = { maxSize: '32mb', maxEntrySize: '8mb' } as const;

/** @returns the exit code @throws {Unusable} {@link MemoError} */
export async function map(target: string, file: string, command: MapCommand): Promise<number> {
  const { threads } = command;
  keepStdoutForResults();
  // Before the standard input: once Node 20 has opened that, it resolves packages that are links
  // to where the links are, and not to where they point.
  const fn = await findFunction(target);
  const input = openInput(file);
  const tiers = await openTiers(command, fn);
  const out = command.out === undefined ? undefined : openOutFile(command.out);
  const pool = await createPool({
    ...MEMORY,
    ...(threads !== undefined && { threads }),
    tiers,
  });
  return new Mapping(fn, input, pool, out, command).run();
}

class Mapping {
  readonly #fn: Memoized;
  readonly #input: Input;
  readonly #pool: MemoPool;
  readonly #out: OutFile | undefined;
  readonly #command: MapCommand;
  readonly #output: Output;
  readonly #run: MapRun;
  readonly #progress: Progress;
  readonly #begun = performance.now();
  #interrupted: Interrupting | undefined;

  constructor(
    fn: Memoized,
    input: Input,
    pool: MemoPool,
    out: OutFile | undefined,
    command: MapCommand,
  ) {
    this.#fn = fn;
    this.#input = input;
    this.#pool = pool;
    this.#out = out;
    this.#command = command;
    this.#output = new Output(out?.fd ?? STDOUT, () => this.#run.changed());
    this.#run = new MapRun({
      call: fn as (...args: unknown[]) => Promise<unknown>,
      hold: holder(fn),
      output: this.#output,
      endInput: () => input.close(),
      failed: (line, source, error) => this.#sayFailed(line, source, error),
      args: command.args ?? false,
      unordered: command.unordered ?? false,
      keepGoing: command.keepGoing ?? false,
    });
    this.#progress = new Progress(() => ({ counts: this.#counts(), fraction: this.#fraction }));
  }

  async run(): Promise<number> {
    const endWatch = onInterruption((signal) => this.#interrupt(signal));
    const { quiet, json } = this.#command;
    if (!quiet && !(json && !process.stderr.isTTY)) this.#progress.start();
    try {
      await this.#run.run(blocksOf(this.#input.chunks));
      return await this.#ended();
    } catch (cause) {
      throw cause instanceof Unusable ? cause : new Unusable(messageOf(cause));
    } finally {
      this.#progress.end();
      await this.#pool.close();
      endWatch();
    }
  }

  async #ended(): Promise<number> {
    this.#progress.end();
    const counts = this.#counts();
    // What was computed is on the disk before anybody is told that it is.
    await this.#pool.close();
    const code = this.#code();
    const isComplete = !this.#interrupted && (counts.failed === 0 || this.#command.keepGoing);
    if (isComplete && !this.#output.unread) this.#out?.complete();
    if (!this.#output.unread) await this.#report(counts, code);
    return code;
  }

  #code(): number {
    if (this.#output.unread) return Exit.unread;
    if (this.#interrupted) return Exit.interrupted[this.#interrupted];
    return this.#run.failures > 0 ? Exit.failed : Exit.done;
  }

  async #report(counts: Counts, code: number): Promise<void> {
    const { json, quiet } = this.#command;
    if (json) {
      const report = `${JSON.stringify({ ...counts, interrupted: this.#interrupted, code })}`;
      // Where the results do not go. They are complete, whether anybody reads this or not.
      if (this.#out) await print(report);
      else printToStderr(`${report}\n`);
    } else if (!quiet) printToStderr(`threadmemo: ${summary(counts)}\n`);
    if (this.#interrupted) printToStderr(`threadmemo: ${this.#howToResume()}\n`);
  }

  #howToResume(): string {
    const { cache, redis } = this.#command;
    const soFar = this.#out ? `; the results so far are in ${this.#out.path}` : '';
    const kept = cache ?? (redis === undefined ? undefined : 'Redis');
    return kept === undefined
      ? `interrupted${soFar}. With --cache <dir> the same command would go on where it was`
      : `interrupted${soFar}. What was computed is in ${kept}: the same command goes on from there`;
  }

  #sayFailed(line: number, source: string, error: unknown): void {
    const { name, message, stack } = wordsOf(error);
    const isOurs = error instanceof MemoError;
    const short = `${name}: ${message}`;
    const what = this.#command.keepGoing || isOurs ? short : (stack ?? short);
    this.#progress.say(`threadmemo: line ${line}: ${what}\n  input: ${shortened(source)}`);
  }

  #interrupt(signal: Interrupting): void {
    this.#interrupted = signal;
    if (!this.#command.quiet) {
      this.#progress.say('threadmemo: finishing what runs; once more ends at once');
    }
    this.#run.stop();
    this.#pool.withdraw();
  }

  get #fraction(): number | undefined {
    const { size } = this.#input;
    return size ? (this.#run.bytes / size) * this.#run.share : undefined;
  }

  #counts(): Counts {
    const { lines, written, failures: failed, joined, joinedMs } = this.#run;
    const { hits, waits, computations } = this.#fn.stats();
    const { computeMsSpent, computeMsSaved, tiers } = this.#pool.stats();
    return {
      lines,
      written,
      failed,
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
  const side = installedSide();
  const definition = definitionOf(fn.id);
  return (args: readonly unknown[]) => definition && side?.hold?.(definition, args);
}

function printToStderr(text: string): void {
  process.stderr.write(text);
}

/** What the function prints, in whichever thread, would stand between the results. */
function keepStdoutForResults(): void {
  Object.defineProperty(process, 'stdout', { value: process.stderr, configurable: true });
}
