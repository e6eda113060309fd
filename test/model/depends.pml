/*
 * Values that are made of others (`track`): a model of an outer key and the one part that it is made of, of
 * which spin tries every order of events. `spin.sh` checks it, and that each broken rule is found.
 *
 * What stands for what:
 * - `part` and `outer` are the two entries in shared memory. Threads look at them by themselves, or have the
 *   part near, and then look at its version only (`FunctionReads`).
 * - `Computes` is a thread that computes the outer value. It reads the part by itself, of which the coordinator
 *   learns with the outcome (`tracker.ts`), or asks for it, which the coordinator notes (`parts.ts`).
 * - `said` is what threads have said to the coordinator, which handles one message, one outcome of the part's
 *   computation, one invalidation or one eviction at a time. `raised` is the part's mark (`tag-log.ts`).
 *
 * What holds: no call of the outer key is answered with what was made of a part that was invalidated
 * before the call; no entry of it outlives the part that it was made of; and every call is answered.
 *
 * Left out: threads that die, tiers, windows (`fresh.pml`), and parts of parts. Each `#ifdef` breaks one rule,
 * and spin must find out.
 */

#ifndef CALLS /* of each caller */
#define CALLS 1
#endif
#ifndef INVALIDATIONS
#define INVALIDATIONS 2
#endif
#ifndef EVICTIONS /* of the part */
#define EVICTIONS 1
#endif
#ifndef FENCES /* invalidations of the outer key itself */
#define FENCES 1
#endif

#define CALLERS 2
#define THREADS 2
#define FLIGHTS 3
#define NONE 7

mtype = { CALL, ASK, DONE };

byte gone = 0;              /* invalidations of the part */
byte raised = 0;            /* the last that its mark tells of */

typedef Entry {
  bit there;
  byte made;                /* ghost: invalidations of the part when what it was made of began */
  bit marked;               /* it goes with the part */
};
Entry part, outer;
byte version = 0;           /* of the part */

/* A computation of the part. One that was fenced answers those that it has, is joined by none, and is not kept. */
typedef Flight {
  bit on;
  bit fenced;
  byte began;               /* ghost */
};
Flight flight[FLIGHTS];

typedef Thread {
  bit on;                   /* it computes the outer value */
  bit live;                 /* calls join it, and its value is kept */
  byte since;               /* invalidations when its lease was granted */
  byte made = NONE;         /* ghost: what it has used began after so many */
  bit marked;               /* that is known */
  byte asks = NONE;         /* the flight that it waits for */
  byte near = NONE;         /* the version of what it has near */
  byte nearMade;
};
Thread thread[THREADS];

typedef Caller {
  byte waits = NONE;        /* the thread whose outcome answers it */
  byte since;               /* invalidations when the coordinator heard of the call */
  byte from;                /* ghost: when it began */
  bit queued;               /* no thread is free */
  bit answered;
};
Caller caller[CALLERS];

chan said = [6] of { mtype, byte };
byte calls[CALLERS] = CALLS;
byte invalidations = INVALIDATIONS, evictions = EVICTIONS, fences = FENCES;
/* Scratch: means nothing between two steps. */
byte t, c, f, free;
bit forgotten;

inline answer(n, its) {
  assert(its >= caller[n].from);
  caller[n].waits = NONE;
  caller[n].since = 0;
  caller[n].answered = 1
}

/* Call `c` joins the live flight, or opens one where a thread is free. */
inline wait() {
  caller[c].queued = 0;
  free = NONE;
  for (t : 0 .. THREADS - 1) {
    if
    :: !thread[t].on && free == NONE -> free = t
    :: else
    fi
  }
  for (t : 0 .. THREADS - 1) {
    if
    :: thread[t].on && thread[t].live -> caller[c].waits = t
    :: else
    fi
  }
  t = 0;
  if
  :: caller[c].waits == NONE && free != NONE ->
    caller[c].waits = free;
    thread[free].live = 1;
    thread[free].since = gone;
    thread[free].made = NONE;
    thread[free].marked = 0;
    thread[free].on = 1
  :: caller[c].waits == NONE && free == NONE -> caller[c].queued = 1
  :: else
  fi;
  free = 0
}

/* Thread n is given the part. */
inline give(n, its) {
  thread[n].made = its;
#ifndef NOT_NOTED
  thread[n].marked = 1;
#endif
  thread[n].asks = NONE
}

/* Thread `t` waits for a computation of its own. */
inline open() {
  f = 0;
  do
  :: flight[f].on -> f++
  :: else -> break
  od;
  assert(f < FLIGHTS);
  flight[f].on = 1;
  flight[f].began = gone;
  thread[t].asks = f;
  f = 0
}

/* Flight `f` has its value. */
inline computed() {
  flight[f].on = 0;
  if
#ifndef KEEPS_FENCED
  :: !flight[f].fenced ->
#else
  :: true ->
#endif
    part.there = 1;
    part.made = flight[f].began;
    version++
#ifndef KEEPS_FENCED
  :: else
#endif
  fi;
  for (t : 0 .. THREADS - 1) {
    if
    :: thread[t].asks == f -> give(t, flight[f].began)
    :: else
    fi
  }
  t = 0;
  flight[f].fenced = 0;
  flight[f].began = 0;
  f = 0
}

/* The outcome of thread `t`. */
inline done() {
#ifdef STORES_LATE
  forgotten = 0;
#else
  forgotten = thread[t].marked && raised > thread[t].since;
#endif
  if
  :: !forgotten && thread[t].live ->
    assert(thread[t].made == gone);
    outer.there = 1;
    outer.made = thread[t].made;
    outer.marked = thread[t].marked
  :: else
  fi;
  thread[t].on = 0;
  thread[t].live = 0;
  for (c : 0 .. CALLERS - 1) {
    if
    :: caller[c].waits == t ->
      if
#ifndef ANSWERS_LATER
      :: forgotten && caller[c].since > thread[t].since -> caller[c].waits = NONE; caller[c].queued = 1
#endif
      :: else -> answer(c, thread[t].made)
      fi
    :: else
    fi
  }
  thread[t].since = 0;
  thread[t].made = NONE;
  thread[t].marked = 0;
  forgotten = 0;
  t = 0;
  for (c : 0 .. CALLERS - 1) {
    if
    :: caller[c].queued -> wait()
    :: else
    fi
  }
  c = 0
}

active proctype Coordinator() {
  do
  :: atomic { said?CALL(c) ->
      caller[c].since = gone;
      if
      :: outer.there -> answer(c, outer.made)
      :: else -> wait()
      fi;
      c = 0 }
  :: atomic { said?ASK(t) ->
      if
      :: part.there -> give(t, part.made)
      :: else ->
        for (f : 0 .. FLIGHTS - 1) {
          if
#ifdef JOINS_FENCED
          :: flight[f].on -> thread[t].asks = f
#else
          :: flight[f].on && !flight[f].fenced -> thread[t].asks = f
#endif
          :: else
          fi
        }
        f = 0;
        if
        :: thread[t].asks == NONE -> open()
        :: else
        fi
      fi;
      t = 0 }
  :: atomic { said?DONE(t) -> done() }
  /* Outcomes of the part. */
  :: atomic { flight[0].on -> f = 0; computed() }
  :: atomic { flight[1].on -> f = 1; computed() }
  :: atomic { flight[2].on -> f = 2; computed() }
  :: atomic { invalidations > 0 -> invalidations--;
      gone++;
#ifdef MARKS_WHAT_IS_THERE
      if
      :: part.there -> raised = gone
      :: else
      fi;
#else
      raised = gone;
#endif
#ifndef NOT_SWEPT
      if
      :: outer.marked && raised == gone -> outer.there = 0; outer.made = 0; outer.marked = 0
      :: else
      fi;
#endif
      part.there = 0;
      part.made = 0;
      version++;
      for (f : 0 .. FLIGHTS - 1) { flight[f].fenced = flight[f].on }
      f = 0 }
  :: atomic { fences > 0 -> fences--;
      outer.there = 0;
      outer.made = 0;
      outer.marked = 0;
      for (t : 0 .. THREADS - 1) { thread[t].live = 0 }
      t = 0 }
  :: atomic { evictions > 0 && part.there -> evictions--;
      part.there = 0;
      part.made = 0;
      version++ }
  :: atomic { timeout ->
      for (c : 0 .. CALLERS - 1) { assert(calls[c] == 0 && caller[c].waits == NONE && !caller[c].queued) }
      c = 0;
      break }
  od
}

proctype Computes(byte me) {
end:
  do
  :: thread[me].on && thread[me].made == NONE && thread[me].asks == NONE ->
    if
#ifdef NEAR_BLIND
    :: atomic { thread[me].near != NONE ->
#else
    :: atomic { thread[me].near == version && part.there ->
#endif
        thread[me].made = thread[me].nearMade;
#ifndef NOT_TOLD
        thread[me].marked = 1
#endif
      }
    :: atomic { part.there ->
        thread[me].near = version;
        thread[me].nearMade = part.made;
        thread[me].made = part.made;
#ifndef NOT_TOLD
        thread[me].marked = 1
#endif
      }
    :: atomic { !part.there -> said!ASK, me }
      thread[me].made != NONE
    fi;
    atomic { said!DONE, me };
    !thread[me].on || thread[me].made == NONE
  od
}

proctype Calls(byte me) {
end:
  do
  :: atomic { calls[me] > 0 -> calls[me]--; caller[me].from = gone; caller[me].answered = 0 }
    if
    :: atomic { outer.there -> assert(outer.made >= caller[me].from); caller[me].answered = 1 }
    :: atomic { !outer.there -> said!CALL, me }
      caller[me].answered
    fi
  od
}

init {
  atomic { run Calls(0); run Calls(1); run Computes(0); run Computes(1) }
}
