/** What is an operation whose stretches are measured? It prepares what it needs, then is watched once. */
import { closeSync, existsSync, openSync, readSync } from 'node:fs';
import { PerformanceObserver, performance } from 'node:perf_hooks';
import { setImmediate as turn } from 'node:timers/promises';
import type { MemoPool, PoolOptions } from '../../dist/src/index.js';
import { type Closable, type Contestant, plainNode } from '../scenario.ts';

export interface Stage {
  readonly pool: MemoPool;
  readonly functions: typeof import('../functions/blocks.js');
  readonly threadmemo: typeof import('../functions/threadmemo.js');
  /** What it runs is watched, to the end of what it returns. Once an operation. */
  watch(run: () => Promise<unknown>): Promise<void>;
}

export interface Operation {
  /** In a line. */
  readonly what: string;
  readonly options?: () => PoolOptions | Promise<PoolOptions>;
  readonly run: (stage: Stage) => Promise<unknown>;
  /** When the pool is closed. */
  readonly clean?: () => void;
}

/** An operation that is ready: each time in a pool of its own. */
export interface Measured extends Closable {
  measure(): Promise<Stretches>;
}

export function contestantOf(name: string, operation: Operation): Contestant<Measured> {
  const open = async ({ threads }: { readonly threads: number }): Promise<Measured> => ({
    measure: () => measured(operation, threads),
    close: async () => {},
  });
  return { name, what: operation.what, cannot: {}, open };
}

async function measured({ options, run, clean }: Operation, threads: number): Promise<Stretches> {
  const threadmemo = await import('../functions/threadmemo.js');
  const functions = await import('../functions/blocks.js');
  // Those of tsx are read for each error; users' programs are JavaScript, as their workers are here.
  process.setSourceMapsEnabled(false);
  functions.setGate(false);
  const own = await options?.();
  const pool = await threadmemo.createPool({ threads, worker: plainNode, ...own });
  let stretches: Stretches | undefined;
  const watch = async (watched: () => Promise<unknown>) => {
    stretches = await stretchesOf(watched);
  };
  try {
    await run({ pool, functions, threadmemo, watch });
  } finally {
    functions.setGate(true);
    await pool.close();
    clean?.();
  }
  if (!stretches) throw new Error('nothing was watched');
  return stretches;
}

/** Calls that are made in one turn of the event loop. */
const atOnce = 500;

export interface Crowd {
  readonly all: Promise<void>;
}

/** Resolves when all calls are made. One continuation serves all: callers' own take no time. */
export async function crowdOf(
  count: number,
  call: (n: number) => Promise<unknown>,
): Promise<Crowd> {
  let left = count;
  let done = () => {};
  const all = new Promise<void>((resolve) => {
    done = resolve;
  });
  const settled = () => {
    if (--left === 0) done();
  };
  for (let n = 0; n < count; n++) {
    call(n).then(settled, settled);
    if (n % atOnce === atOnce - 1) await turn();
  }
  return { all };
}

/** Few are open at a time, and not all of these begin in one turn. */
export async function oneAfterTheOther(
  count: number,
  call: (n: number) => Promise<unknown>,
): Promise<void> {
  let next = 0;
  const caller = async () => {
    for (let n = next++; n < count; n = next++) await call(n);
  };
  const callers: Promise<void>[] = [];
  for (let n = 1; n <= 2_000; n++) {
    callers.push(caller());
    if (n % atOnce === 0) await turn();
  }
  await Promise.all(callers);
}

/**
 * For how long is the main thread kept in one stretch? A timer of a millisecond comes as often as
 * anything else can; between two of its ticks lies one stretch, or several that are short. What
 * counts is the processor time of the thread: other programs take their turns meanwhile. Pauses of
 * the collector are left out, by their share of the time.
 */
export interface Stretches {
  /** Milliseconds of processor time. */
  readonly longest: number;
  /** The same with the collector's pauses. */
  readonly longestWithPauses: number;
  /** Milliseconds by the clock, without the collector's pauses: other programs make it longer. */
  readonly longestByClock: number;
  /** Milliseconds of processor time, in all. */
  readonly total: number;
}

interface Pause {
  readonly start: number;
  readonly end: number;
}

interface Stretch extends Pause {
  readonly active: number;
  readonly cpu: number;
}

/** Written by the kernel for each thread, in nanoseconds; the first has the number of the process. */
const accounts = `/proc/self/task/${process.pid}/schedstat`;

/** Also what is made before `run` and continues while it runs. */
export async function stretchesOf(run: () => Promise<unknown>): Promise<Stretches> {
  const pauses: Pause[] = [];
  const observer = new PerformanceObserver((list) => {
    for (const { startTime, duration } of list.getEntries())
      pauses.push({ start: startTime, end: startTime + duration });
  });
  observer.observe({ entryTypes: ['gc'] });
  const meter = new Meter();
  const ticks = setInterval(() => meter.tick(), 1);
  await turn();
  meter.begin();
  await run();
  await turn();
  clearInterval(ticks);
  meter.end();
  for (let left = 20; left > 0; left--) await turn();
  observer.disconnect();
  const own = meter.stretches.map((stretch) => {
    const { cpu, active } = stretch;
    const share = Math.max(0, 1 - pausedIn(stretch, pauses) / active);
    return { cpu: cpu * share, byClock: active * share };
  });
  return {
    longest: Math.max(0, ...own.map(({ cpu }) => cpu)),
    longestWithPauses: Math.max(0, ...meter.stretches.map(({ cpu }) => cpu)),
    longestByClock: Math.max(0, ...own.map(({ byClock }) => byClock)),
    total: meter.total,
  };
}

/** Milliseconds of a stretch in which the collector ran. */
function pausedIn({ start, end }: Stretch, pauses: readonly Pause[]): number {
  let sum = 0;
  for (const pause of pauses)
    sum += Math.max(0, Math.min(end, pause.end) - Math.max(start, pause.start));
  return sum;
}

/** Stretches that are not short. */
class Meter {
  readonly stretches: Stretch[] = [];
  total = 0;
  readonly #file = existsSync(accounts) ? openSync(accounts, 'r') : undefined;
  readonly #buffer = Buffer.alloc(100);
  #last = this.#look();

  begin(): void {
    this.#last = this.#look();
    this.stretches.length = 0;
    this.total = 0;
  }

  tick(): void {
    const last = this.#last;
    const now = this.#look();
    this.#last = now;
    const cpu = now.cpu - last.cpu;
    this.total += cpu;
    if (cpu < 1) return;
    this.stretches.push({ start: last.at, end: now.at, active: now.active - last.active, cpu });
  }

  end(): void {
    this.tick();
    if (this.#file !== undefined) closeSync(this.#file);
  }

  #look() {
    const { active } = performance.eventLoopUtilization();
    return { at: performance.now(), active, cpu: this.#cpu() ?? active };
  }

  /** Milliseconds; nothing where the system does not say. */
  #cpu(): number | undefined {
    if (this.#file === undefined) return undefined;
    const length = readSync(this.#file, this.#buffer, 0, this.#buffer.length, 0);
    return Number.parseInt(this.#buffer.toString('latin1', 0, length), 10) / 1e6;
  }
}
