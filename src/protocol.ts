/**
 * Every message between the coordinator and the threads. The file to read first; it imports nothing.
 *
 * A thread and the coordinator talk over one `MessagePort`, in order, in both directions. Numbers
 * named `call` are made by a thread and name one of its pending requests; numbers named `lease` are
 * made by the coordinator, are never used twice, and name one computation. A message about a lease
 * or a call that its receiver no longer knows is late, and is dropped.
 *
 * A thread is asked for through Piscina: a task of Piscina's is a *shift*, during which the thread
 * takes its work from the port. Between shifts it sleeps, and nothing needs to reach it. A thread
 * that was started by somebody else and attached to the pool gets no tasks, and has no shifts.
 *
 * A `key` is the canonical form of the arguments, as in `keys/`; together with the function id, `fn`,
 * it names an entry.
 *
 * Two messages are arrays: tasks, and the outcome that a computation usually has. Every call that
 * finds nothing takes part in both, and an object costs three times what an array does.
 */

/** How the bytes of an {@link Encoded} are to be read. Stored by persistent tiers: never renumber. */
export const Codec = {
  undefined: 0,
  null: 1,
  false: 2,
  true: 3,
  /** 8 bytes, little-endian float64. */
  number: 4,
  /** Decimal digits, one byte each. */
  bigint: 5,
  /** A string whose characters are all below U+0100: one byte each. */
  latin1: 6,
  /** Any other string: UTF-16, little-endian, lone surrogates included. */
  utf16: 7,
  /** The bytes of a `Buffer`. */
  buffer: 8,
  /** The bytes of a `Uint8Array`. */
  uint8array: 9,
  /** Structured clone, as `v8.Serializer` writes it. */
  clone: 10,
  /** Structured clone of `[value, repairs]`: what structured clone loses is put back afterwards. */
  repaired: 11,
  /** Something that was thrown; see `values/thrown.ts`. */
  thrown: 12,
  /** Plain objects and arrays, and what stands in them; see `values/plain-format.ts`. */
  plain: 13,
} as const;
export type Codec = (typeof Codec)[keyof typeof Codec];

/**
 * A value as bytes: what the coordinator keeps and moves, and never parses for another thread. Those
 * of a large value are all of a SharedArrayBuffer, which crosses, and is kept, by reference.
 */
export interface Encoded {
  readonly codec: Codec;
  readonly bytes: Uint8Array;
}

export type Primitive = string | number | bigint | boolean | null | undefined;

/**
 * What crosses between threads and is kept in memory: a primitive as it is, unless it is large; the
 * rest as bytes.
 */
export type Portable = Primitive | Encoded;

/** What the coordinator must know of a memoized function to have it run in any thread. */
export interface FunctionInfo {
  /** The function id: package-relative module path, `#`, name, and version. */
  readonly id: string;
  /** URL of the module whose evaluation defines the function. */
  readonly module: string;
  /** Most entries kept of this function. */
  readonly max: number;
  /** Its id says which version of its code it is: nobody needs to look at the code. */
  readonly versioned: boolean;
  /** Its module only exports it, by this name: a thread memoizes it itself. */
  readonly exportName?: string;
}

/** A computation's result, with what its function's own options said about keeping it. */
export interface Computed {
  readonly value: Portable;
  /** Milliseconds the function itself ran, waits for nested memoized calls excluded. */
  readonly ms: number;
  /** Milliseconds to keep it for: 0 for not at all, `Infinity` when there is no limit. */
  readonly ttl: number;
}

/** How one computation ended. */
export type Outcome =
  | ({ readonly type: 'complete'; readonly lease: number } & Computed)
  | { readonly type: 'fail'; readonly lease: number; readonly error: Encoded; readonly ms: number };

/**
 * Computations that a thread is to run for calls made on the coordinator's thread, in this order,
 * one behind the other: `lease, cell, fn, count` and then so many primitive arguments, or with a
 * count of {@link AS_BYTES} one {@link Encoded}. `cell` is the one of the thread's task cells which
 * decides who has the task, see {@link Hello}; `fn` the coordinator's number for the function. Flat,
 * because an array inside costs four times what its items do.
 */
export type Tasks = readonly unknown[];
export const AS_BYTES = -1;

/** An argument array: as it is when every argument is a primitive, else as bytes. */
export type Arguments = readonly unknown[] | Encoded;

/** The outcome of a computation that has come to its end, see {@link Computed}. */
export type Completed = readonly [lease: number, value: Portable, ms: number, ttl: number];

/** The first word of a worker, through Piscina's own channel; it carries the port. */
export interface Hello<Port> extends Joined {
  readonly port: Port;
}

/** The first word of a thread that was attached, on the channel that it has from `belonging.ts`. */
export interface Joined {
  readonly type: 'threadmemo:hello';
  readonly threadId: number;
  /**
   * Int32 cells. The first counts mail: the coordinator adds 1 and notifies after every message it
   * posts, so that a thread that blocks, or computes without returning to its event loop, can see
   * that there is some. The others are {@link TASK_CELLS} for tasks: the coordinator stores a task's
   * lease in one before it hands the task over, and whoever exchanges that for 0 has the task: the
   * thread, which starts it then, or the coordinator, which takes it back.
   */
  readonly cells: SharedArrayBuffer;
}

/** Tasks that one thread can have been handed and not have started. */
export const TASK_CELLS = 64;

/**
 * What a caller does until it is answered. `lead`: it computes the value itself unless somebody
 * does already. `block`: so it does, and its thread does nothing else meanwhile. `wait`: it leaves
 * the computation to the pool.
 */
export type WaitMode = 'lead' | 'block' | 'wait';

/** Thread to coordinator. */
export type ToCoordinator =
  /** Describes a function; once a thread and function, before its first use. */
  | { readonly type: 'define'; readonly fn: FunctionInfo }
  /** Wants a value. `parent` is the lease it is called from. */
  | {
      readonly type: 'claim';
      readonly call: number;
      readonly fn: string;
      readonly key: string;
      readonly parent: number | undefined;
      /** Do not answer from the cache. */
      readonly refresh: boolean;
      readonly mode: WaitMode;
      /** With mode `wait`. */
      readonly args?: Arguments;
      /**
       * With mode `block`: how many of the leases for its calls the thread has started or given
       * back. The later ones come back, too, unless they are for calls that block.
       */
      readonly handled?: number;
    }
  /** The caller of a claim has gone away. Answered by `done`: nothing about the call comes after it. */
  | { readonly type: 'leave'; readonly call: number }
  | Completed
  | Extract<Outcome, { type: 'fail' }>
  /**
   * Gives a lease back, not computed: its caller left while the lease was on its way; or the thread
   * is blocked, and here are the arguments for somebody who is not.
   */
  | { readonly type: 'decline'; readonly lease: number; readonly args?: Arguments }
  | {
      readonly type: 'invalidate';
      readonly call: number;
      readonly fn: string;
      readonly key: string;
    }
  | { readonly type: 'clear'; readonly call: number; readonly fn: string }
  /** The thread was told to rest, and something is open in it: its shift goes on. */
  | { readonly type: 'stay' }
  /** The thread was told that the pool is closed, and has nothing open: it says nothing after this. */
  | { readonly type: 'bye' }
  /** Is it cached? Answered at once by `found`; the thread blocks for it. */
  | { readonly type: 'peek'; readonly call: number; readonly fn: string; readonly key: string }
  | { readonly type: 'stats'; readonly call: number; readonly fn: string };

/** What a thread needs to read the coordinator's cache. */
export interface Reading {
  /** See `arena/layout.ts`. */
  readonly share: { readonly buffer: SharedArrayBuffer; readonly layout: object };
  /** The thread's own slot in the arena. */
  readonly slot: number;
  /** Milliseconds from `process.hrtime()` to the coordinator's `performance.now()`. */
  readonly clockOffset: number;
}

/** Coordinator to thread. */
export type ToThread =
  /** Computations to start, in this order. */
  | Tasks
  /** Where the cache is, for the thread to read by itself; the first message. */
  | { readonly type: 'cache'; readonly reading: Reading }
  /** What the coordinator's number for a function means; once a thread and function. */
  | { readonly type: 'define'; readonly number: number; readonly fn: FunctionInfo }
  /** There is nothing more to do. Ends the shift, or is answered by `stay`. */
  | { readonly type: 'rest' }
  /** To a thread that was attached: the pool is closed. Answered by `bye`, in the end. */
  | { readonly type: 'closed' }
  /** The answer to a claim. `entry` names the value: the lease that it was computed under. */
  | {
      readonly type: 'value';
      readonly call: number;
      readonly entry: number;
      readonly value: Portable;
    }
  /** The answer to a claim: compute it, and report with this lease. */
  | { readonly type: 'lease'; readonly call: number; readonly lease: number }
  /** The answer to a claim: what the computation threw, or why there is none. */
  | { readonly type: 'failure'; readonly call: number; readonly error: Encoded }
  /** Nobody wants this computation any more. */
  | { readonly type: 'cancel'; readonly lease: number }
  /** The answer to `leave`; and to `invalidate` and `clear`: nobody answers with the old value now. */
  | { readonly type: 'done'; readonly call: number }
  | {
      readonly type: 'found';
      readonly call: number;
      /** 0 when there is none. */
      readonly entry: number;
      readonly value: Portable;
    }
  | { readonly type: 'counted'; readonly call: number; readonly stats: FunctionStats };

/** Where cached values were found. */
export interface HitsIn {
  /** In the calling thread's own memory. */
  readonly near: number;
  /** In the memory that all threads share, read by the calling thread itself. */
  readonly shared: number;
  /** By the coordinator, in its memory: while a value is new, or when it is large and new here. */
  readonly memory: number;
  readonly tiers: number;
}

/** What has happened to one function's calls since the pool was opened, in all threads. */
export interface FunctionStats {
  /** Calls answered from a cache: the sum of `hitsIn`. */
  readonly hits: number;
  /** The same, by where the value was found. */
  readonly hitsIn: HitsIn;
  /** Calls that found nothing, and for which a computation was asked. */
  readonly misses: number;
  /** Calls that joined a computation that was wanted already. */
  readonly waits: number;
  /** Computations started, including those that failed, were cancelled or were lost. */
  readonly computations: number;
  /** Computations that ended with an error of the function. */
  readonly errors: number;
  /** Computations that were told to stop because nobody waited any more. */
  readonly cancelled: number;
  /** Computations made a second time on the spot, where to wait would have been a deadlock. */
  readonly duplicates: number;
  /** Computations that ended with the death of their thread. */
  readonly lost: number;
  /** Entries removed to make room. */
  readonly evictions: number;
  /** Entries held now, those that have expired but were not yet removed included. */
  readonly entries: number;
  /** Bytes held now by those entries: keys, values and bookkeeping. */
  readonly bytes: number;
  /** Milliseconds of computing, waits for nested memoized calls excluded. */
  readonly computeMsSpent: number;
  /** Milliseconds of computing that hits and waits did without. */
  readonly computeMsSaved: number;
}
