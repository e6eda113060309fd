/*
 * How a thread whose computations await takes more: a model of which spin tries every order of events.
 * `spin.sh` checks it.
 *
 * What stands for what:
 * - `Worker` is a thread. `src/worker/tasks.ts` starts what was handed over, but after so many starts
 *   (MOST) the event loop turns. In a turn all that has become ready goes on, and after that
 *   `src/compute/awaiting.ts` tells which computations await.
 * - `Coordinator` counts the computations that keep a thread busy (`peer.ts`), and hands tasks to a
 *   thread that has none, several at a time (BATCH), when something has happened that may have freed
 *   one (`feed`; `queue.ts`).
 * - Every computation awaits a gate, which opens when all tasks, or GATE of them, have begun: so a thread
 *   that is wrongly taken for busy keeps all others waiting for ever. Some call another memoized
 *   function first, or meanwhile, whose value comes at any time. One may not come back: it is abandoned,
 *   and its thread is replaced.
 *
 * What holds: all tasks end, those too in whose thread one did not come back (at rest); a computation
 * that has become ready goes on before its thread has started more than MOST others; a thread is
 * handed tasks only when all that it was handed before has begun; the count of what is busy is right.
 *
 * What is left out, and why: which thread a task is better given to (`test/threads/beside.test.ts`), what
 * is taken back and how a thread sleeps (`shifts.pml`), flights and slots (`flights.pml`, `where.pml`).
 *
 * Each `#ifdef` breaks one rule, and spin must find out.
 */

#ifndef THREADS
#define THREADS 1
#endif
#ifndef TASKS
#define TASKS 4
#endif
#ifndef BATCH
#define BATCH 3
#endif
#ifndef MOST
#define MOST 1
#endif
#ifndef GATE
#define GATE TASKS /* how many must have begun before any of them ends */
#endif
#ifndef CALLS
#define CALLS 0 /* from computations */
#endif
#ifndef HANGS
#define HANGS 0 /* computations that do not come back */
#endif
#ifndef DEATHS
#define DEATHS 0
#endif

#define NONE 15

mtype = { QUEUED, LEASED, OVER };
mtype = { AWAIT, CLAIM, OUTCOME }; /* what a thread says of a computation */
mtype = { TASK, VALUE };           /* what it is told of one */

/* As the coordinator sees a task. */
typedef Task {
  mtype at = QUEUED;
  byte peer = NONE;
  bit awaits;        /* its thread has told so, and no call from it has waited since */
  bit waits;         /* for a call */
};
/* As its thread does. */
typedef Computation {
  bit goesOn;        /* it has begun, and not ended */
  bit waits;
  bit isCandidate;   /* is looked at in the next turn */
  bit isReady;
  byte passed;       /* ghost: starts in its thread since it has become ready */
};
Task task[TASKS];
Computation its[TASKS];
byte busy[THREADS];
bit occupied[THREADS]; /* by what does not come back */
byte hung = NONE;
byte startsLeft[THREADS] = MOST;
byte begun, begunCount; /* ghosts: a set */
byte handed[THREADS];  /* ghost: what has not begun there */
bit feed = 1;
byte calls = CALLS, hangs = HANGS, deaths = DEATHS;

chan said[THREADS] = [TASKS + 4] of { mtype, byte };
chan told[THREADS] = [TASKS + 4] of { mtype, byte };

hidden byte i, j, count, before;

#define IS_OPEN (begunCount >= GATE)
#define IS_BUSY(n) (task[n].at == LEASED && !task[n].awaits && !task[n].waits)

/* ---- the thread ---- */

inline ends(n) {
  its[n].goesOn = 0;
  its[n].isCandidate = 0;
  its[n].isReady = 0;
  its[n].passed = 0;
  said[me]!OUTCOME, n
}

inline starts(n) {
  if :: ((begun >> n) & 1) == 0 -> begunCount++ :: else fi;
  begun = begun | (1 << n);
  handed[me]--;
  its[n].goesOn = 1;
  its[n].isCandidate = 1;
#ifndef NO_PAUSE
  startsLeft[me]--;
#endif
  for (i : 0 .. TASKS - 1) {
    if
    :: its[i].isReady && task[i].peer == me ->
      its[i].passed++;
      assert(its[i].passed <= MOST)
    :: else
    fi
  }
  i = 0
}

inline turns() {
  for (i : 0 .. TASKS - 1) {
    if
    :: its[i].isReady && task[i].peer == me -> ends(i)
    :: else
    fi
  }
  for (i : 0 .. TASKS - 1) {
    if
    :: its[i].isCandidate && task[i].peer == me ->
      its[i].isCandidate = 0;
      if
      :: its[i].goesOn && !its[i].waits -> said[me]!AWAIT, i
      :: else
      fi
    :: else
    fi
  }
  startsLeft[me] = MOST;
  i = 0
}

#define IS_MINE(n) (task[n].peer == me && its[n].goesOn && !occupied[me])

/* There is something for it to do. */
#define TURNS(n) ((n) < TASKS && task[(n) % TASKS].peer == me && \
  (its[(n) % TASKS].isReady || its[(n) % TASKS].isCandidate))
#define HAS_TURN (startsLeft[me] < MOST || TURNS(0) || TURNS(1) || TURNS(2) || TURNS(3) || TURNS(4))

proctype Worker(byte me) {
  byte n;
end:
  do
  :: atomic { !occupied[me] && startsLeft[me] > 0 && told[me]?[TASK, n] -> told[me]?TASK, n;
      d_step { starts(n) }
      if
      :: hangs == 0 || hung == NONE
      :: hangs > 0 -> hangs--; occupied[me] = 1; hung = n
      fi;
      n = 0 }
  :: atomic { !occupied[me] && told[me]?[VALUE, n] -> told[me]?VALUE, n;
      d_step {
        its[n].waits = 0;
#ifndef TOLD_ONCE
        its[n].isCandidate = 1;
#endif
        n = 0
      } }
  :: atomic { !occupied[me] && HAS_TURN -> d_step { turns() } }
  od
}

/* What becomes of a computation from elsewhere: a gate opens; it calls another function, which answers. */
proctype World(byte n) {
end:
  do
  :: atomic { IS_OPEN && its[n].goesOn && !its[n].waits && !its[n].isReady && !occupied[task[n].peer % THREADS] ->
      its[n].isReady = 1; its[n].passed = 0 }
  :: atomic { calls > 0 && its[n].goesOn && !its[n].waits && !its[n].isReady && !occupied[task[n].peer % THREADS] ->
      calls--;
      its[n].waits = 1;
      said[task[n].peer]!CLAIM, n }
  :: atomic { task[n].waits ->
      task[n].waits = 0;
      busy[task[n].peer]++;
      told[task[n].peer]!VALUE, n }
  od
}

/* ---- the coordinator ---- */

inline waitsNoMore(n) {
  if :: IS_BUSY(n) -> busy[task[n].peer]-- :: else fi;
  task[n].awaits = 0;
  task[n].waits = 0
}

inline heard(what, n) {
  if
  :: what == AWAIT ->
    if
    :: IS_BUSY(n) ->
      task[n].awaits = 1;
      busy[task[n].peer]--;
#ifndef NOT_FREED
      feed = 1
#endif
    :: else
    fi
  :: what == CLAIM ->
    if :: IS_BUSY(n) -> busy[task[n].peer]-- :: else fi;
    task[n].awaits = 0;
    task[n].waits = 1;
    feed = 1
  :: what == OUTCOME ->
    waitsNoMore(n);
    task[n].at = OVER;
    task[n].peer = NONE;
    feed = 1
  fi
}

inline feeds() {
  feed = 0;
  for (j : 0 .. THREADS - 1) {
    count = BATCH;
    before = handed[j];
    if
#ifdef GIVES_EARLY
    :: true ->
#else
    :: busy[j] == 0 ->
#endif
      for (i : 0 .. TASKS - 1) {
        if
        :: task[i].at == QUEUED && count > 0 ->
          /* All that it was handed before has begun. */
          assert(before == 0);
          count--;
          handed[j]++;
          task[i].at = LEASED;
          task[i].peer = j;
          busy[j]++;
          told[j]!TASK, i
        :: else
        fi
      }
    :: else
    fi
  }
}

/* It has read all that the thread has said. */
inline dies(t) {
  for (i : 0 .. TASKS - 1) {
    if
    :: task[i].at == LEASED && task[i].peer == t ->
#ifdef LOST_AWAITING
      task[i].at = (task[i].awaits -> LEASED : QUEUED);
#else
      task[i].at = QUEUED;
#endif
      if :: hung == i -> task[i].at = OVER :: else fi;
      task[i].peer = NONE;
      task[i].awaits = 0;
      task[i].waits = 0;
      its[i].goesOn = 0;
      its[i].waits = 0;
      its[i].isCandidate = 0;
      its[i].isReady = 0;
      its[i].passed = 0
    :: else
    fi
  }
  do :: told[t]?_, _ :: empty(told[t]) -> break od;
#ifndef STILL_BUSY
  busy[t] = 0;
#endif
  occupied[t] = 0;
  handed[t] = 0;
  hung = NONE;
  startsLeft[t] = MOST;
  feed = 1
}

inline check() {
  for (j : 0 .. THREADS - 1) {
    count = 0;
    for (i : 0 .. TASKS - 1) {
      if :: IS_BUSY(i) && task[i].peer == j -> count++ :: else fi
    }
    assert(count == busy[j])
  }
  j = 0
}

active proctype Coordinator() {
  byte n, t;
  mtype what;
  do
  :: atomic { len(said[0]) > 0 -> said[0]?what, n; d_step { heard(what, n); check(); what = 0; n = 0 } }
  :: atomic { THREADS > 1 && len(said[THREADS - 1]) > 0 ->
      said[THREADS - 1]?what, n; d_step { heard(what, n); check(); what = 0; n = 0 } }
  :: atomic { feed -> d_step { feeds(); check() } }
  /* What does not come back is abandoned, and its thread replaced; or a thread dies. */
  :: atomic { hung != NONE && len(said[task[hung].peer]) == 0 ->
      t = task[hung].peer;
      d_step { dies(t); check(); t = 0 } }
  :: atomic { deaths > 0 && len(said[0]) == 0 && hung == NONE -> deaths--; d_step { dies(0); check() } }
  :: atomic { timeout ->
      for (n : 0 .. TASKS - 1) { assert(task[n].at == OVER) }
      for (n : 0 .. THREADS - 1) { assert(busy[n] == 0) }
      break }
  od
}

init {
  atomic {
    byte m;
    for (m : 0 .. THREADS - 1) { run Worker(m) }
    for (m : 0 .. TASKS - 1) { run World(m) }
  }
}
