/**
 * What threads that read a tier by themselves must know of what is being forgotten in it: two words a
 * bucket of functions, in shared memory. The coordinator's thread writes them, all threads read them.
 *
 * The first word counts what is under way: while it is not 0, no thread reads, and nothing that was read
 * goes into memory. The second is a generation, raised whenever something under way has ended, and no record of it
 * is there any more. A thread loads both before it reads and after it. A snapshot of the tier that was
 * taken under an older generation may show what is forgotten by now, so a new one is taken first.
 *
 * Invariant: before an invalidation returns, the generation is raised, or the count stays up (for what the
 * tier did not forget, and is asked for again). So a read that begins later finds a generation that its snapshot
 * is older than, and takes a new one, or asks the coordinator.
 *
 * Functions share buckets; that costs a message now and then. `test/model/records.pml` is the model.
 */

const BUCKETS = 256;
const UNDERWAY = 0;
const GENERATION = BUCKETS;
/** Whether the tier is being closed, and how many threads are opening it. */
const CLOSED = 2 * BUCKETS;
const OPENERS = CLOSED + 1;
const WORDS = OPENERS + 1;

/** Of the coordinator's thread. */
export class Fences {
  readonly memory: SharedArrayBuffer = new SharedArrayBuffer(WORDS * 4);
  readonly #words = new Int32Array(this.memory);

  /**
   * Something of this function, or of any, is about to be forgotten, or replaced.
   * @returns to be called once no reader of the tier can find it
   */
  begin(functionId: string | undefined): () => void {
    const first = functionId === undefined ? 0 : bucketOf(functionId);
    const last = functionId === undefined ? BUCKETS - 1 : first;
    const words = this.#words;
    for (let bucket = first; bucket <= last; bucket++) {
      Atomics.add(words, UNDERWAY + bucket, 1);
    }
    return () => {
      for (let bucket = first; bucket <= last; bucket++) {
        Atomics.add(words, GENERATION + bucket, 1);
        Atomics.sub(words, UNDERWAY + bucket, 1);
      }
    };
  }

  /** Whether nothing of it was forgotten, or begins to be, since a thread has read under this generation. */
  isStill(functionId: string, generation: number): boolean {
    return generationOf(this.#words, bucketOf(functionId)) === generation;
  }

  /** No thread opens the tier from now on. @returns how many are at it */
  close(): number {
    Atomics.store(this.#words, CLOSED, 1);
    return Atomics.load(this.#words, OPENERS);
  }
}

/** Of a thread that reads. */
export class FenceView {
  readonly #words: Int32Array;

  constructor(memory: SharedArrayBuffer) {
    this.#words = new Int32Array(memory);
  }

  /** The bucket's generation; `undefined` while no thread may read. */
  generation(bucket: number): number | undefined {
    return generationOf(this.#words, bucket);
  }

  /** Opens the tier, unless that is being closed, which waits for this. */
  open<T>(open: () => T): T | undefined {
    Atomics.add(this.#words, OPENERS, 1);
    try {
      return Atomics.load(this.#words, CLOSED) === 0 ? open() : undefined;
    } finally {
      Atomics.sub(this.#words, OPENERS, 1);
    }
  }
}

export function bucketOf(functionId: string): number {
  let hash = 0;
  for (let at = 0; at < functionId.length; at++)
    hash = (Math.imul(hash, 31) + functionId.charCodeAt(at)) | 0;
  return (hash ^ (hash >>> 16)) & (BUCKETS - 1);
}

/** The generation first: an end in between has raised it, and the look after the read sees that. */
function generationOf(words: Int32Array, bucket: number): number | undefined {
  const generation = Atomics.load(words, GENERATION + bucket);
  return Atomics.load(words, UNDERWAY + bucket) === 0 ? generation : undefined;
}
