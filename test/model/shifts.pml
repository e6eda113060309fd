/*
 * How work reaches a thread that sleeps: a model of shifts, mail and task cells, of which spin tries
 * every order of steps. `flights.pml` is the other half: who computes what. `spin.sh` checks both.
 *
 * What stands for what:
 * - `worker`: `src/worker/shift.ts`, `mailbox.ts`, `tasks.ts`, and what `thread-side.ts` adds to a
 *   shift. One atomic operation, or one message, is one step.
 * - `told` and `said` are a thread's port; `unread` is the count in its mail cell less the messages
 *   that it has read. `asleep` is `Atomics.wait` on that cell: `sleep` looks and falls asleep in one
 *   step, as `Atomics.wait` does. The coordinator posts a message, counts it, and notifies: three.
 * - `coordinator`: the bookkeeping of shifts in `src/pool/shifts.ts`, the handing out and taking
 *   back of tasks in `queue.ts` and `thread-peer.ts`. It handles each event to its end.
 * - Piscina is trusted: it has a shift begin in a thread whose last one has ended (`busy`, `begins`).
 *   Off shift the thread's event loop goes on: it reads its messages, and starts no task.
 *
 * What holds: everything comes to rest, with every call answered, once, all threads off shift, and
 * nothing in a port (`atRest`); what a task is for is computed once, unless a thread dies.
 *
 * What is left out, and why: when a thread is looked at or given more, and how much (here any time
 * that is allowed: more than the clock and the estimates do); `Atomics.wait` of a call that blocks
 * (it ends by itself every millisecond); that a thread which sleeps wakes by itself after a moment, and
 * that the event loop turns after many tasks; threads that cannot start.
 *
 * Each `#ifdef` breaks one rule, and spin must find out.
 */

#ifndef THREADS   /* 1 or 2 */
#define THREADS 1
#endif
#ifndef STRAYS
#define STRAYS 0  /* at most 1: a call in a thread, of a key of its own, from no computation */
#endif
#ifndef DEATHS
#define DEATHS 0
#endif
#ifndef TAKES
#define TAKES 0   /* tasks that the queue takes back */
#endif

#define CALLS   2   /* on the coordinator's thread, each of a key of its own */
#define CELLS   2   /* of each thread, for tasks */
#define LEASES  (CALLS + STRAYS + TAKES + 2 * DEATHS)
#define STRAY   2   /* the flight of the stray call */
#define NO_THREAD  2

mtype = { TASK, LEASE, REST };                /* what a thread is told */
mtype = { OUTCOME, CLAIM, STAY, CLOSED };     /* what it says */
mtype = { UNASKED, QUEUED, LEASED, SETTLED }; /* a flight */

chan told[2] = [6] of { mtype, byte, byte }; /* TASK(lease, cell), LEASE(lease), REST */
chan said[2] = [4] of { mtype, byte };       /* OUTCOME(lease), CLAIM, STAY, CLOSED */
short unread[2];
bit asleep[2];
byte cells[4]; /* CELLS of each thread: a lease, or 0 */

typedef Flight {
  mtype phase = UNASKED;
  byte lease;
  byte peer = NO_THREAD;
  byte cell = NO_THREAD; /* which of its thread's; NO_THREAD for the lease of a call */
  bit computed;       /* ghost: it was started, and not lost */
};
Flight flight[3];
byte flightOf[LEASES + 1];
byte lastLease;

/* The coordinator's view of a thread, and Piscina's. */
bit onShift[2], busy[2], begins[2], ended[2];
byte nextCell[2], shiftsQueued;
byte takes = TAKES, strays = STRAYS, deaths = DEATHS;

/* A thread's own. */
bit on[2], toldToRest[2], turning[2], calling[2];
bit dying[2];
chan tasks[2] = [3] of { byte, byte }; /* lease, cell */
chan open[2] = [3] of { byte };        /* leases of computations that await something */

inline post(port, what, first, second) {
  assert(nfull(told[port]));
  told[port]!what(first, second);
  atomic { unread[port]++; asleep[port] = 0 } /* add and notify */
}

inline say(port, what, first) {
  assert(nfull(said[port]));
  said[port]!what(first)
}

/* ------------------------------------------------------------------ a thread */

#define isQuiet (!calling[it] && len(open[it]) == 0 && len(tasks[it]) == 0)

/* One message. What it brings is looked at by `work`, or in the next turn. */
inline hear(isWorking) {
  atomic {
    told[it]?m, l, c;
    unread[it]--;
    if
    :: m == TASK -> tasks[it]!l, c
    :: m == LEASE -> open[it]!l
    :: m == REST -> toldToRest[it] = 1; turning[it] = turning[it] || (on[it] && !isWorking)
    fi;
    m = 0; l = 0; c = 0
  }
}

/* `poll`, and what is there meanwhile. */
inline drain(isWorking) {
  do
  :: nempty(told[it]) -> hear(isWorking)
  :: empty(told[it]) -> break
  od
}

inline finish(id) {
  say(it, OUTCOME, id);
  if :: flightOf[id] == STRAY -> calling[it] = 0 :: else fi;
  id = 0
}

active [THREADS] proctype worker() {
  byte it = _pid;
  mtype m;
  byte l, c, runs;
  bit idle; /* the event loop has turned since anything was done */

endAlive:
  {
endOffShift:
    do
    :: atomic {
         begins[it] -> begins[it] = 0; on[it] = 1;
#ifdef REST_IS_LOST /* the word to rest, read before the shift has begun, is forgotten */
         toldToRest[it] = 0;
#endif
         goto work
       }
#ifndef DEAF /* off shift a thread reads nothing */
    :: nempty(told[it]) -> hear(0)
#endif
    :: atomic { nempty(open[it]) -> open[it]?runs; finish(runs) }
    :: atomic { strays > 0 -> strays--; calling[it] = 1; say(it, CLAIM, 0) }
    od;

work:
    if
    :: unread[it] != 0 -> idle = 0; drain(1)
    :: unread[it] == 0
    fi;
    do /* `startAll` */
    :: atomic {
         nempty(tasks[it]) -> tasks[it]?runs, c;
         if /* compare and exchange */
         :: cells[it * CELLS + c] == runs ->
           cells[it * CELLS + c] = 0; c = 0;
           assert(!flight[flightOf[runs]].computed); /* by no other thread */
           flight[flightOf[runs]].computed = 1
         :: else -> runs = 0; c = 0
         fi
       }
       if
       :: atomic { runs != 0 -> open[it]!runs; runs = 0 } /* it awaits something */
       :: runs != 0 -> /* it does not, and may look for mail */
         if
         :: unread[it] != 0 -> drain(1)
         :: true
         fi;
         atomic { finish(runs) }
       :: runs == 0
       fi
    :: atomic { empty(tasks[it]) -> break }
    od;
    atomic {
      if
      :: toldToRest[it] && isQuiet ->
        toldToRest[it] = 0; idle = 0; on[it] = 0; ended[it] = 1;
        goto endOffShift
      :: !toldToRest[it] && isQuiet
      :: toldToRest[it] && !isQuiet -> toldToRest[it] = 0; say(it, STAY, 0); goto eventLoop
      :: !toldToRest[it] && !isQuiet -> goto eventLoop
      fi
    }
    if
    :: !idle -> turning[it] = 1; goto eventLoop
    :: idle
    fi;
#ifdef LOST_WAKE /* the thread has looked for mail, and sleeps without looking again */
    asleep[it] = 1;
#else
    asleep[it] = (unread[it] == 0);
#endif
    !asleep[it];
    goto work;

eventLoop:
    idle = 0;
    do
    :: nempty(told[it]) -> hear(0); goto work
    :: atomic { turning[it] -> turning[it] = 0; idle = 1; goto work }
    :: atomic { /* a computation has come to its end */
         nempty(open[it]) -> open[it]?runs; finish(runs);
         turning[it] = turning[it] || isQuiet
       }
    :: len(open[it]) > 0 && unread[it] != 0 -> /* or looks for mail */
      drain(0);
#ifndef LEFT_LYING /* tasks that came by that are not looked at */
      turning[it] = turning[it] || len(tasks[it]) > 0
#endif
    :: atomic { strays > 0 -> strays--; calling[it] = 1; say(it, CLAIM, 0) }
    od
  } unless {
    atomic {
      dying[it] ->
      begins[it] = 0; on[it] = 0; toldToRest[it] = 0; turning[it] = 0; asleep[it] = 0;
      calling[it] = 0; m = 0; l = 0; c = 0; runs = 0; idle = 0;
      do :: tasks[it]?_, _ :: empty(tasks[it]) -> break od;
      do :: open[it]?_ :: empty(open[it]) -> break od;
      say(it, CLOSED, 0)
    }
  };
  !dying[it]; /* Piscina starts another */
  goto endAlive
}

active proctype killer() {
  if
  :: atomic { deaths > 0 -> deaths--; dying[0] = 1 }
  :: atomic { THREADS == 2 && deaths > 0 -> deaths--; dying[1] = 1 }
  :: deaths == 0
  fi
}

/* ------------------------------------------------------------------ the coordinator */

#define canHand(f, thread) \
  (flight[f].phase == QUEUED && onShift[thread] && cells[thread * CELLS + nextCell[thread]] == 0)
#define canTake(f) (takes > 0 && flight[f].phase == LEASED && flight[f].cell < NO_THREAD)
#define hasLease(thread) ((flight[0].phase == LEASED && flight[0].peer == thread) || \
                          (flight[1].phase == LEASED && flight[1].peer == thread) || \
                          (flight[2].phase == LEASED && flight[2].peer == thread))
#define queued ((flight[0].phase == QUEUED) + (flight[1].phase == QUEUED))
#define spare (THREADS - onShift[0] - onShift[1])
#define canWant (shiftsQueued < spare && shiftsQueued < queued)

inline grant(what, peerIs, cellIs) {
  lastLease++;
  assert(lastLease <= LEASES);
  flightOf[lastLease] = what;
  flight[what].phase = LEASED; flight[what].lease = lastLease;
  flight[what].peer = peerIs; flight[what].cell = cellIs
}

inline endLease(what, then) {
  flight[what].phase = then; flight[what].lease = 0;
  flight[what].peer = NO_THREAD; flight[what].cell = NO_THREAD
}

inline died(thread) {
  for (f : 0 .. 2) {
    if
    :: flight[f].phase == LEASED && flight[f].peer == thread ->
      flight[f].computed = 0;
      if
      :: f == STRAY -> endLease(f, SETTLED) /* its caller has died, too */
      :: else -> endLease(f, QUEUED)
      fi
    :: else
    fi
  }
  f = 0;
  do :: told[thread]?_, _, _ :: empty(told[thread]) -> break od;
  unread[thread] = 0; cells[thread * CELLS] = 0; cells[thread * CELLS + 1] = 0;
  nextCell[thread] = 0;
  onShift[thread] = 0; busy[thread] = 0; begins[thread] = 0; ended[thread] = 0;
  dying[thread] = 0
}

active proctype coordinator() {
  byte f, t, l;
  mtype m;
end:
  do
  :: atomic { flight[0].phase == UNASKED -> flight[0].phase = QUEUED }
  :: atomic { flight[1].phase == UNASKED -> flight[1].phase = QUEUED }

  /* The queue hands a task over. */
  :: atomic {
       if
       :: canHand(0, 0) -> f = 0; t = 0
       :: canHand(0, 1) -> f = 0; t = 1
       :: canHand(1, 0) -> f = 1; t = 0
       :: canHand(1, 1) -> f = 1; t = 1
       fi;
       grant(f, t, nextCell[t]);
       cells[t * CELLS + nextCell[t]] = lastLease;
       nextCell[t] = 1 - nextCell[t]
     }
     post(t, TASK, flight[f].lease, flight[f].cell);
     atomic { f = 0; t = 0 }

  /* It takes one back that was not started. */
  :: atomic {
       if
       :: canTake(0) -> f = 0
       :: canTake(1) -> f = 1
       fi;
       takes--
     }
#ifdef TAKEN_TWICE /* it looks into the cell, and then empties it */
     if
     :: cells[flight[f].peer * CELLS + flight[f].cell] == flight[f].lease ->
       atomic { cells[flight[f].peer * CELLS + flight[f].cell] = 0; endLease(f, QUEUED) }
     :: else
     fi;
#else
     atomic {
       if /* compare and exchange */
       :: cells[flight[f].peer * CELLS + flight[f].cell] == flight[f].lease ->
         cells[flight[f].peer * CELLS + flight[f].cell] = 0; endLease(f, QUEUED)
       :: else
       fi
     }
#endif
     f = 0

  /* Shifts: a flight wants one, Piscina has it begin, it ends when there is nothing to do. */
  :: atomic { canWant -> shiftsQueued++ }
  :: atomic { shiftsQueued > 0 && !busy[0] -> shiftsQueued--; busy[0] = 1; begins[0] = 1; onShift[0] = 1 }
  :: atomic { THREADS == 2 && shiftsQueued > 0 && !busy[1] -> shiftsQueued--; busy[1] = 1; begins[1] = 1; onShift[1] = 1 }
  :: atomic { ended[0] -> ended[0] = 0; busy[0] = 0 }
  :: atomic { ended[1] -> ended[1] = 0; busy[1] = 0 }
  :: atomic { onShift[0] && !hasLease(0) -> onShift[0] = 0; t = 0 } post(t, REST, 0, 0)
  :: atomic { onShift[1] && !hasLease(1) -> onShift[1] = 0; t = 1 } post(t, REST, 0, 0); t = 0

  :: atomic {
       if
       :: said[0]?m, l -> t = 0
       :: said[1]?m, l -> t = 1
       fi;
       if
       :: m == STAY -> onShift[t] = 1
       :: m == CLOSED -> died(t)
       :: m == CLAIM -> grant(STRAY, t, NO_THREAD)
       :: m == OUTCOME && flight[flightOf[l]].lease == l -> endLease(flightOf[l], SETTLED)
       :: m == OUTCOME && flight[flightOf[l]].lease != l /* late: dropped */
       fi;
       l = 0
     }
     if
     :: m == CLAIM -> post(t, LEASE, flight[STRAY].lease, 0)
     :: else
     fi;
     atomic { m = 0; t = 0 }
  od
}

/* Nothing more can happen, so no call may be waiting. */
active proctype atRest() {
  d_step {
    timeout;
    assert(flight[0].phase == SETTLED && flight[1].phase == SETTLED && flight[2].phase != LEASED);
    assert(!onShift[0] && !onShift[1] && !on[0] && !on[1] && shiftsQueued == 0);
    assert(!toldToRest[0] && !toldToRest[1] && len(told[0]) == 0 && len(told[1]) == 0)
  }
}
