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
 * that other code has started and that was attached to the pool gets no tasks, and has no shifts.
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
  /** Most of its computations at once; without it there is no limit. */
  readonly concurrency?: number;
  /** Its errors may be cached: the coordinator has them, and is asked before anything is computed. */
  readonly cachesErrors?: boolean;
  /** Milliseconds that a computation may take; without it there is no limit. */
  readonly hardTimeout?: number;
  /** Each `ttl` is shortened by a random share of up to this much; without it by none. */
  readonly jitter?: number;
  /** Its id says which version of its code it is: the code need not be looked at. */
  readonly versioned: boolean;
  /** A bundler may have made its name: no tier that outlives the process is to keep its values. */
  readonly hasMadeName?: boolean;
  /** Its module only exports it, by this name: a thread memoizes it itself. */
  readonly exportName?: string;
  /** What stands in its id instead of its module's path. */
  readonly home?: string;
  /** Which thread computes it, if not one of the pool's: the caller's, or the coordinator's own. */
  readonly thread?: 'caller' | 'main';
  /** Milliseconds that each of its values is fresh, where that is one number. */
  readonly ttl?: number;
  /** What its options say of its values after and just before the end of their `ttl`. */
  readonly freshness?: Freshness;
  /** Its entries may have tags, or marks of what they depend on. */
  readonly isTagged?: boolean;
  /** Its entries depend on the memoized values that they were made of. */
  readonly tracks?: boolean;
}

/** All in milliseconds; a window of 0 is none. */
export interface Freshness {
  /** After its `ttl` a value is answered at once for so long, and refreshed meanwhile. */
  readonly staleWhileRevalidate: number;
  /** After its `ttl` it is answered for so long if its refresh fails. */
  readonly staleIfError: number;
  /** After a failed refresh none is tried for so long. */
  readonly errorBackoff: number;
  /** XFetch's beta: how much sooner than its `ttl` ends a hit may start the refresh; 0 for never. */
  readonly refreshAhead: number;
  /** A call that waits for a refresh is answered with the stale value after so long; without it, not. */
  readonly softTimeout?: number;
  /** What was not used for so long is dead; without it, it is not. */
  readonly tti?: number;
}

/** A computation's result, with what its function's own options decided about keeping it. */
export interface Computed {
  readonly value: Portable;
  /** Milliseconds the function itself ran, waits for nested memoized calls excluded. */
  readonly ms: number;
  /** Milliseconds for which it is fresh: 0 for not kept at all, `Infinity` when there is no limit. */
  readonly ttl: number;
  /** What only functions with certain options tell. */
  readonly details?: Details | undefined;
}

export interface Details {
  /** Milliseconds from the start to the end, waits included. */
  readonly wallMs?: number;
  /** Its marks, see `tags/tags.ts`; none when there are none. */
  readonly tags?: readonly string[];
  /** What a tracked computation has read in its thread; `'unknown'`: it is not to be kept. */
  readonly parts?: readonly PartRead[] | 'unknown';
}

/** A cached value that a thread has read by itself. */
export interface PartRead {
  readonly fn: string;
  /** Without one, some of the function's. */
  readonly key: string | undefined;
  /** On the coordinator's clock. */
  readonly freshUntil: number;
  /** Of each of its tags the cell and what that said, see `arena/tag-cells.ts`. */
  readonly tags: readonly number[];
}

/** How one computation ended. */
export type Outcome =
  | ({
      readonly type: 'complete';
      readonly lease: number;
      /** Milliseconds: the longest that it has kept its thread from anything else; 0 when not reported. */
      readonly stretch?: number | undefined;
    } & Computed)
  | {
      readonly type: 'fail';
      readonly lease: number;
      readonly error: Encoded;
      readonly ms: number;
      /** Milliseconds for which it answers later calls, too; without it for none. */
      readonly keepMs?: number;
      /** The same; `undefined` if the function was not called. */
      readonly stretch?: number | undefined;
      /** The module that could not be loaded, and never can be in this thread. */
      readonly unloadable?: string;
    };

/**
 * Computations that a thread is to run for calls made on the coordinator's thread, in this order,
 * one after the other: `lease, cell, fn, count` and then so many primitive arguments, or with a
 * count of {@link AS_BYTES} one {@link Encoded}. `cell` is the one of the thread's task cells which
 * decides who has the task, see {@link Hello}; `fn` the coordinator's number for the function. Flat,
 * because an array inside costs four times what its items do.
 */
export type TaskList = readonly unknown[];
export const AS_BYTES = -1;

/** An argument array: as it is when every argument is a primitive, else as bytes. */
export type Arguments = readonly unknown[] | Encoded;

/**
 * The outcome of a computation that has come to its end; its `stretch` only if it is not short, or there
 * are details.
 */
export type Completed = readonly [
  lease: number,
  value: Portable,
  ms: number,
  ttl: number,
  stretch?: number,
  details?: Details,
];

/** Milliseconds that a computation may keep others in its thread waiting. */
export const SHORT_STRETCH = 10;

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
   * lease in one before it hands the task over, and the side that exchanges it for 0 has the task: the
   * thread, which starts it then, or the coordinator, which takes it back. Behind them the thread
   * counts the messages that it has read, and says which lease's function it is in: until that
   * returns, also if it returns a promise; 0 when that is not known. In the last one a pool's thread
   * says, when it exits or dies of something uncaught, which lease's code has done that: {@link OUTSIDE}
   * when it was not called from a computation.
   */
  readonly cells: SharedArrayBuffer;
}

/** Tasks that one thread can have been handed and not have started. */
export const TASK_CELLS = 64;
export const READ_CELL = 1 + TASK_CELLS;
export const RUNNING_CELL = 2 + TASK_CELLS;
export const ENDED_BY_CELL = 3 + TASK_CELLS;
/** All cells of a thread. */
export const CELLS = 4 + TASK_CELLS;
export const OUTSIDE = -1;

/**
 * What a caller does until it is answered. `lead`: it computes the value itself unless another thread
 * does already. `block`: so it does, and its thread does nothing else meanwhile. `wait`: it leaves
 * the computation to the pool. What the coordinator's own thread computes, no other caller does.
 */
export type WaitMode = 'lead' | 'block' | 'wait';

/** Of a call: which of the computations that wait for a thread is begun first. */
export type Priority = 'high' | 'normal' | 'low';

export type OutputStream = 'stdout' | 'stderr';

/**
 * How a thread begins a computation without a lease that it was sent, see `arena/begun-words.ts`: it has,
 * if the key's word is this one when the claim is read.
 */
export interface BegunClaim {
  /** One of those that the thread was given numbers for. */
  readonly lease: number;
  readonly word: number;
}

/**
 * What a tracer wants carried from a call to the computation that it begins, in whichever thread: headers
 * such as `traceparent`.
 */
export type TraceContext = Readonly<Record<string, string>>;

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
      /** Milliseconds: nor with what was computed longer ago. */
      readonly maxAge?: number;
      /** It is a refresh, which this thread is to compute: no code waits for the answer. */
      readonly isRefresh?: boolean;
      readonly mode: WaitMode;
      /** Without one it is that of the computation that it is called from. */
      readonly priority?: Priority;
      /** With mode `wait`, and of a function that its caller's thread is not to compute. */
      readonly args?: Arguments;
      /**
       * With mode `block`: how many of the leases for its calls the thread has started or given
       * back. The later ones come back, too, unless they are for calls that block.
       */
      readonly handled?: number;
      /** The thread computes it at once, unless it was too late. */
      readonly begun?: BegunClaim;
      /** Only of a call that a tracer follows. */
      readonly context?: TraceContext;
    }
  /**
   * A call was answered here with a value that is stale, or is about to be: have it computed again, in
   * the background.
   */
  | {
      readonly type: 'refresh';
      readonly fn: string;
      readonly key: string;
      readonly args: Arguments;
    }
  /** The caller of a claim has gone away. Answered by `done`: nothing about the call comes after it. */
  | { readonly type: 'leave'; readonly call: number }
  | Completed
  | Extract<Outcome, { type: 'fail' }>
  /** A function with a `hardTimeout` has been called: the time begins. */
  | { readonly type: 'began'; readonly lease: number }
  /**
   * Computations that await something else than a call, such as a timer or a socket: of each its
   * lease, and milliseconds, the longest that it has kept its thread so far. Sent again when that
   * has become long.
   */
  | { readonly type: 'await'; readonly leases: readonly number[] }
  /**
   * Gives a lease back, not computed: its caller left while the lease was on its way; or the thread
   * is blocked, and here are the arguments for a thread that is not.
   */
  | { readonly type: 'decline'; readonly lease: number; readonly args?: Arguments }
  | {
      readonly type: 'invalidate';
      readonly call: number;
      readonly fn: string;
      readonly key: string;
    }
  /** Its value is stale from now on. */
  | { readonly type: 'expire'; readonly call: number; readonly fn: string; readonly key: string }
  | { readonly type: 'clear'; readonly call: number; readonly fn: string }
  /** Forgets what has one of these marks, see `tags/tags.ts`. */
  | { readonly type: 'invalidateTags'; readonly call: number; readonly marks: readonly string[] }
  /** Their values are stale from now on. */
  | { readonly type: 'expireTags'; readonly call: number; readonly marks: readonly string[] }
  /** Answered by `done`, too. */
  | {
      readonly type: 'set';
      readonly call: number;
      readonly fn: string;
      readonly key: string;
      readonly computed: Computed;
    }
  /**
   * Records of a function that the thread has read in a tier by itself, some at a time: of each its key
   * and how often, `key, times, …`; and those that were read more than once.
   */
  | {
      readonly type: 'read';
      readonly fn: string;
      readonly uses: readonly (string | number)[];
      readonly keep: readonly RecordToKeep[];
    }
  /** The thread was told to rest, and something is open in it: its shift goes on. */
  | { readonly type: 'stay' }
  /** What a function has printed: before the outcome of whatever comes after it. */
  | {
      readonly type: 'output';
      readonly stream: OutputStream;
      readonly chunks: readonly (string | Uint8Array)[];
    }
  /** The thread was told that it will end, and its exit handlers have run. */
  | { readonly type: 'ended' }
  /** The thread was told that the pool is closed, and has nothing open: it sends nothing after this. */
  | { readonly type: 'bye' }
  /** Is it cached? Answered at once by `found`; the thread blocks for it. */
  | {
      readonly type: 'peek';
      readonly call: number;
      readonly fn: string;
      readonly key: string;
      /** The lease of the tracked computation that asks. */
      readonly parent?: number | undefined;
    }
  | { readonly type: 'stats'; readonly call: number; readonly fn: string }
  /** What a call of this key would find, and why. Answered by `explained`. */
  | {
      readonly type: 'explain';
      readonly call: number;
      readonly fn: string;
      readonly key: string;
      readonly args: Arguments;
    }
  /** A call has found nothing, and is about to claim. Only where the coordinator explains. */
  | {
      readonly type: 'asked';
      readonly fn: string;
      readonly key: string;
      readonly args: Arguments;
    }
  /** What the thread has measured at a call that found nothing; not at every one. */
  | { readonly type: 'measured'; readonly fn: string; readonly sample: CallSample }
  /** Where the thread in this slot counts its hits of a function that the arena has no room for. */
  | {
      readonly type: 'counts';
      readonly slot: number;
      readonly fn: number;
      readonly memory: SharedArrayBuffer;
    };

/** What a memo costs at one call. All in milliseconds. */
export interface CallSample {
  /** Of a call that has found nothing. */
  readonly miss?: {
    readonly keyMs: number;
    readonly copyMs: number;
    /** Whether a hit makes the key. */
    readonly needsKey: boolean;
    /** Those that a miss from this thread costs. */
    readonly messages: number;
    readonly suspects: readonly Suspect[];
  };
  /** Of an earlier call whose value has come: a hit without its key, and encoding the value. */
  readonly hit?: { readonly ms: number; readonly encodeMs: number };
}

/** What in a key may keep it from ever being found again. */
export interface Suspect {
  readonly is: 'timestamp' | 'random id' | 'list callback';
  /** `args[0].now` */
  readonly path: string;
}

/** What a thread needs to read the coordinator's cache. */
export interface CacheAccess {
  /** See `arena/layout.ts`. */
  readonly share: { readonly buffer: SharedArrayBuffer; readonly layout: object };
  /** The thread's own slot in the arena. */
  readonly slot: number;
  /** Milliseconds from `process.hrtime()` to the coordinator's `performance.now()`. */
  readonly clockOffset: number;
  /** Where the time of values lies, if it is not the system's: see `testing/shared-clock.ts`. */
  readonly time?: SharedArrayBuffer | undefined;
  /** The coordinator remembers the arguments of calls that found nothing. */
  readonly explains?: boolean;
  /** What is to go wrong there, in tests of users: see `testing/fault-plan.ts`. */
  readonly faults?: object | undefined;
  /** Where threads begin computations without asking, see `arena/begun-words.ts`. */
  readonly begun?: SharedArrayBuffer | undefined;
}

/** A tier whose engine every thread of the process can open for reading. */
export interface ReadableTier {
  /** URL of a module that exports `openReader(data): RecordReader`. */
  readonly module: string;
  readonly data: unknown;
  /** See `order/fences.ts`. */
  readonly fences: SharedArrayBuffer;
}

/** How a thread reads such a tier. */
export interface RecordReader {
  /** A record that every thread can decode, and that is fresh; of anything else nothing. */
  get(functionId: string, key: string): RecordRead | undefined;
  /** Whether the tier is to note that it was used: it has not noted a use lately. */
  isNews(functionId: string, key: string): boolean;
  /** What comes next is read as the tier is now, or later. */
  takeSnapshot(): void;
  close(): Promise<void>;
}

export interface RecordRead {
  readonly value: Portable;
  /** Milliseconds that computing it took. */
  readonly ms: number;
  /** Milliseconds since 1970, as long as it is fresh. */
  readonly expiresAt: number;
  /** Memory may keep it, too: it has no other end. */
  readonly isKept: boolean;
}

/** A record that a thread has read, and that memory may keep. */
export interface RecordToKeep extends RecordRead {
  readonly key: string;
  /** Of its function's fence, when it was read. */
  readonly generation: number;
}

/** Coordinator to thread. */
export type ToThread =
  /** Computations to start, in this order. */
  | TaskList
  /** Of tasks in the list that comes next, by their leases: of those whose calls a tracer follows. */
  | { readonly type: 'contexts'; readonly of: ReadonlyMap<number, TraceContext> }
  /** Where the cache is, for the thread to read by itself; the first message. */
  | { readonly type: 'cache'; readonly reading: CacheAccess }
  /** What the coordinator's number for a function means; once a thread and function. */
  | { readonly type: 'define'; readonly number: number; readonly fn: FunctionInfo }
  /**
   * The thread may look up the function's records in this tier by itself, where it is called `tierId`;
   * once a thread and function, after it has described the function.
   */
  | {
      readonly type: 'readable';
      readonly fn: string;
      readonly tierId: string;
      readonly tier: ReadableTier;
    }
  /** So many numbers, from the first, for leases of what the thread begins without asking. */
  | { readonly type: 'numbers'; readonly first: number; readonly count: number }
  /** There is nothing more to do. Ends the shift, or is answered by `stay`. */
  | { readonly type: 'rest' }
  /** To a thread of the pool's own: it ends now. Answered by `ended`, unless it is blocked. */
  | { readonly type: 'end' }
  /** To a thread that was attached: the pool is closed. Answered by `bye`, in the end. */
  | { readonly type: 'closed' }
  /** The answer to a claim. `entry` names the value: the lease that it was computed under. */
  | {
      readonly type: 'value';
      readonly call: number;
      readonly entry: number;
      readonly value: Portable;
      /** It is stale, and a refresh is to be asked for. */
      readonly isDue?: boolean;
      /** Of the call that the computation was begun for, if a tracer follows that. */
      readonly leader?: TraceContext;
    }
  /**
   * The answer to a claim: compute it, and report with this lease. `hasStale`: if it fails, that is
   * reported, and the call is answered by another message.
   */
  | {
      readonly type: 'lease';
      readonly call: number;
      readonly lease: number;
      readonly hasStale?: boolean;
    }
  /** The answer to a claim: what the computation threw, or why there is none. */
  | {
      readonly type: 'failure';
      readonly call: number;
      readonly error: Encoded;
      readonly leader?: TraceContext;
    }
  /** No caller wants this computation any more, or it takes too long, as the reason says. */
  | { readonly type: 'cancel'; readonly lease: number; readonly reason?: Encoded | undefined }
  /** The answer to `leave`; and to `invalidate`, `expire`, `clear`, `invalidateTags`, `expireTags` and `set`: no call is answered with the old value now. Or why it was not done. */
  | { readonly type: 'done'; readonly call: number; readonly error?: Encoded }
  | {
      readonly type: 'found';
      readonly call: number;
      /** 0 when there is none. */
      readonly entry: number;
      readonly value: Portable;
    }
  | { readonly type: 'counted'; readonly call: number; readonly stats: FunctionStats }
  | { readonly type: 'explained'; readonly call: number; readonly explanation: Explanation };

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

export interface NotKept {
  /** Larger than `maxEntrySize`: computed again at every call. */
  readonly tooLarge: number;
  /** Room for them could not be made soon enough, because much else was stored meanwhile. */
  readonly noRoom: number;
  /** The function's own `ttl`, `cache` or `max` wanted it so. */
  readonly declined: number;
}

/**
 * Why a call finds nothing. `never`: its value was not computed here before, as far as is known;
 * `not kept`: by its own options, or for lack of room; `refresh`: the caller wanted a new one.
 */
export type MissReason =
  | 'never'
  | 'expired'
  | 'idle'
  | 'evicted'
  | 'invalidated'
  | 'cleared'
  | 'tag'
  | 'dependency'
  | 'code changed'
  | 'not kept'
  | 'too large'
  | 'refresh';

/** What a call would find, and why. */
export interface Explanation {
  readonly state: 'fresh' | 'stale' | 'error' | 'computing' | 'missing';
  /** `'memory'`, or the name of the fastest tier that has it. */
  readonly where: string | undefined;
  /** Milliseconds since it was computed, where that is known. */
  readonly ageMs: number | undefined;
  /** Milliseconds for which it is fresh; `Infinity` without a limit. */
  readonly ttlLeftMs: number | undefined;
  /** Milliseconds that computing it took. */
  readonly computeMs: number | undefined;
  /** What it takes in memory, or its value in the tier. */
  readonly bytes: number | undefined;
  /** Whether it was used since the eviction policy has looked at it last. */
  readonly usedSinceLook: boolean | undefined;
  readonly tags: readonly string[];
  readonly dependsOn: readonly string[];
  /** By the tiers' names, fastest first. */
  readonly tiers: Readonly<Record<string, TierSight>>;
  /** Why a call would find nothing, or where there is a value, why the last call that found none did not. */
  readonly lastMiss: LastMiss | undefined;
}

/** What one tier has of a key. */
export interface TierSight {
  readonly has: boolean;
  /** It could not be asked. */
  readonly failed?: boolean;
  readonly ageMs?: number;
  readonly ttlLeftMs?: number;
}

/** Why the last call with these arguments found no value. */
export interface LastMiss {
  readonly reason: MissReason;
  /** For `'never'`, with `explain`: where the arguments differ from those of the most similar recent call. */
  readonly nearest?: string;
  /** For `'evicted'`: the limit with which it would still be there. */
  readonly room?: { readonly option: 'maxSize' | 'max'; readonly atLeast: number };
}

/** What has happened to one function's calls since the pool was opened, in all threads. */
export interface FunctionStats {
  /** Calls answered from a cache: the sum of `hitsIn`. */
  readonly hits: number;
  /** The same, by where the value was found. */
  readonly hitsIn: HitsIn;
  /** Hits that were answered after the `ttl` of the value, within `staleWhileRevalidate`. */
  readonly staleHits: number;
  /** Calls that were answered with a stale value, within `staleIfError`, because its refresh had failed. */
  readonly staleOnError: number;
  /** Calls that were answered with a stale value, because its refresh took longer than `softTimeout`. */
  readonly softTimeouts: number;
  /** Computations that replace a stale value, or one that is about to be, and that no call waits for at first. */
  readonly refreshes: number;
  /** Those that failed, or were given up. */
  readonly failedRefreshes: number;
  /** Calls answered with an error that was cached (`cacheErrors`): neither hits nor misses. */
  readonly errorHits: number;
  /** Calls that found nothing, and for which a computation was asked. */
  readonly misses: number;
  /** Calls that joined a computation that was wanted already. */
  readonly waits: number;
  /** Computations started, including those that failed, were cancelled or were lost. */
  readonly computations: number;
  /** Computations that ended with an error of the function. */
  readonly errors: number;
  /** Computations that were told to stop because no caller waited any more. */
  readonly cancelled: number;
  /** Computations made a second time on the spot, where to wait would have been a deadlock. */
  readonly duplicates: number;
  /**
   * Computations begun beyond `concurrency`: to wait for one of the others would have been a deadlock, or
   * the call blocks the thread that would have to end them.
   */
  readonly overLimit: number;
  /** Computations that took longer than `hardTimeout`. */
  readonly hardTimeouts: number;
  /** Those of them that could not be stopped, and went on; what they return is dropped. */
  readonly overrun: number;
  /** Computations that ended with the death of their thread. */
  readonly lost: number;
  /** Entries removed to make room. */
  readonly evictions: number;
  /** Values that memory did not keep, by the reason. */
  readonly notKept: NotKept;
  /** Entries held now, those that have expired but were not yet removed included. */
  readonly entries: number;
  /** Bytes held now by those entries: keys, values and bookkeeping. */
  readonly bytes: number;
  /**
   * Milliseconds of computing, waits for nested memoized calls excluded, and waits for anything else
   * (timers, sockets, files) included; those are in `computeMsAwaited`.
   */
  readonly computeMsSpent: number;
  /**
   * The part of `computeMsSpent` in which asynchronous functions, as far as is known, awaited something
   * and kept no thread. It is too large by what they computed between their waits, but for the longest piece.
   */
  readonly computeMsAwaited: number;
  /** Milliseconds of computing that hits and waits did without. */
  readonly computeMsSaved: number;
}
