/*
 * How a thread reads a tier by itself while records are forgotten: a model of which spin tries every order
 * of steps. `spin.sh` checks it.
 *
 * What stands for what:
 * - `thread`: `RecordReads.look` in `src/read/record-reads.ts`. One atomic operation, or one read of the
 *   tier, is one step. `snapshot` is the record that its lmdb transaction shows, which is kept until the
 *   end of its turn, or until a new one is taken.
 * - `main`: the coordinator's thread. What it does in one turn of its event loop is one step, but for
 *   its stores to shared memory, which are one each. What it asks of the tier is done by `tier`.
 * - `underway` and `generation`: the words of one bucket (`src/order/fences.ts`).
 *
 * Records are numbered. What holds: a read that begins after an invalidation has returned finds no record
 * that this has forgotten (`forgotten`), and neither does memory have one.
 *
 * What is left out: that functions share buckets, which only makes threads ask more often; expiry; what
 * a thread has ordered itself (it reads nothing meanwhile); several threads, which share nothing
 * that they write.
 *
 * Each `#ifdef` breaks one rule, and spin must find out.
 */

#ifndef READS
#define READS 3
#endif
#ifndef INVALIDATIONS
#define INVALIDATIONS 2
#endif
#ifndef STORES
#define STORES 1
#endif
#ifndef OWED
#define OWED 1 /* invalidations that the tier refuses at first */
#endif

byte stored = 1;      /* the record in the tier; 0 for none */
byte memory;          /* the same in memory */
byte last = 1;        /* the newest record so far */
byte forgotten;       /* ghost: up to which record all were forgotten, by what has returned */
byte underway, generation;
bit asked, done, refused; /* main asks the tier to forget; it has, or not */
byte refusals = OWED;
chan said = [READS] of { byte, byte }; /* record, generation: to be kept */

active proctype thread() {
  byte reads = READS, least, seen = 255, shown = 255, its, record;
  do
  :: reads > 0 ->
    reads--;
    least = forgotten;                      /* a call begins */
    its = generation;
#ifndef NO_LOOK
    if
    :: underway > 0 -> goto asks
    :: else
    fi;
#endif
#ifndef OLD_SNAPSHOT
    if
    :: its != seen -> shown = 255
    :: else
    fi;
#endif
    seen = its;
    if
    :: shown == 255 -> shown = stored
    :: else
    fi;
    record = shown;
    if
    :: generation != its -> goto asks
#ifndef NO_LOOK
    :: underway > 0 -> goto asks
    :: generation == its && underway == 0
#else
    :: else
#endif
    fi;
    assert(record == 0 || record > least);
    if
    :: record > 0 -> said!record, its
    :: true
    fi;
asks:
    least = 0; record = 0; its = 0;
    if
    :: shown = 255                          /* its turn ends */
    :: true
    fi
  :: else -> break
  od
}

active proctype tier() {
end:
  do
  :: atomic { asked -> asked = 0; stored = 0; done = 1 }
  :: atomic { asked && refusals > 0 -> asked = 0; refusals--; refused = 1 }
  od
}

active proctype main() {
  byte invalidations = INVALIDATIONS, stores = STORES, upTo, record, its;
  bit busy, isOwed;
end:
  do
  :: atomic { !busy && invalidations > 0 ->
      invalidations--; busy = 1; memory = 0; upTo = last; underway++; asked = 1 }
  :: atomic { refused ->                  /* it is owed, and the invalidation returns */
      refused = 0; isOwed = 1; forgotten = upTo }
  :: atomic { isOwed && !asked && !done && !refused -> asked = 1 }
  :: done ->
    done = 0;
#ifndef NOT_RAISED
    generation++;
#endif
    underway--;
    atomic { busy = 0; isOwed = 0; forgotten = upTo; assert(memory == 0 || memory > forgotten) }
  :: atomic { !busy && stores > 0 -> stores--; last++; stored = last; memory = last }
  :: atomic { memory > 0 -> memory = 0 }   /* evicted */
  :: atomic { said?record, its ->
      if
#ifdef KEPT_BLINDLY
      :: memory == 0 -> memory = record
#else
#ifdef KEPT_UNDERWAY
      :: memory == 0 && generation == its -> memory = record
#else
      :: memory == 0 && generation == its && underway == 0 -> memory = record
#endif
#endif
      :: else
      fi;
      record = 0; its = 0;
      assert(memory == 0 || memory > forgotten) }
  od
}
