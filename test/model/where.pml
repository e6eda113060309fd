/*
 * Where a key is computed, and within which limit: a model of slots of `concurrency`, and of the
 * coordinator's own thread beside the pool's, of which spin tries every order of events. `spin.sh`
 * checks it.
 *
 * What stands for what:
 * - Keys 0 and 1 are of one function and key 2 is of another. Each function has a `concurrency` of 1, and
 *   is computed in the pool, on main, or by its caller (KIND_A, KIND_B).
 * - All of it is the coordinator's part, which handles each event to its end: one step here. The steps
 *   follow `flights.ts` (`start`), `waiters.ts` (`join`), `slots.ts`, `concurrency.ts` (`fill`,
 *   `breakCircle`), `deadlock.ts` (`spread`), `recovery.ts` (`die`) and `queue.ts` (`help`).
 * - A flight has the number of the call that has opened it, and so has its lease.
 * - `PREPARED` is leased to the coordinator's own thread, which has not begun (`local-peer.ts`).
 * - A computation calls any key, awaits it or, in a thread of the pool, blocks for it; perhaps calls
 *   more; and ends when its calls have. What a call that blocks has leased makes only calls that block.
 * - Any thread that has no call that blocks takes from the queue, at any time: more than the queue lets it.
 *
 * What holds: no call waits for ever, and no slot is lost (at rest); a key has at most one computation
 * that is wanted, those apart; no more of a function go on than its limit, unless one was let over it
 * to break a circle, and none that could have run in the slot of its caller; a function of main is
 * computed there only.
 *
 * What is left out, and why: messages under way, and leases that a blocked thread gives back
 * (`flights.pml`); what is begun without asking (`begun.pml`: limited functions take no part); tiers,
 * values that are kept, priorities (`coordinator.test.ts`).
 *
 * Each `#ifdef` breaks one rule, and spin must find out.
 */

#ifndef MAIN_CALLS /* on the coordinator's thread, from no computation */
#define MAIN_CALLS 2
#endif
#ifndef CALLS      /* from computations */
#define CALLS 2
#endif
#ifndef THREADS    /* 1 or 2 */
#define THREADS 2
#endif
#ifndef DEATHS
#define DEATHS 0
#endif
#ifndef LEAVES
#define LEAVES 0
#endif
#ifndef KIND_A
#define KIND_A POOL
#endif
#ifndef KIND_B
#define KIND_B POOL
#endif

#define POOL 0
#define ON_MAIN 1
#define CALLER 2

#define N (MAIN_CALLS + CALLS)
#define KEYS 3
#define FNS 2
#define FN(k) ((k) / 2)
#define KIND(k) (FN(k) == 0 -> KIND_A : KIND_B)
#define LIMIT 1
#define SLOTS (N + 1)
#define MAIN 2 /* the coordinator's own thread */
#define NONE 15

mtype = { UNUSED, WAITING, OVER };                 /* a call */
mtype = { NO, LIMITED, QUEUED, PREPARED, RUNS };   /* a flight */
mtype = { CALLS_OUT, BEGINS, BEGINS_HERE, STRAYS, ENDS, LEAVES_IT, DIES };

typedef Call {
  mtype state = UNUSED;
  byte key;
  byte thread = NONE;
  byte parent = NONE;  /* the computation that it is made from */
  byte flight = NONE;  /* what it waits for */
  byte below = NONE;   /* the call that blocked its thread before */
  bit blocks;
};
typedef Flight {
  mtype at = NO;
  byte peer = NONE;
  byte leader = NONE;  /* the call that computes it for itself */
  byte used = NONE;    /* the slot of its lease */
  byte under[FNS];     /* those of the computations that it is called from */
  bit apart;
  bit atOnce;          /* where it waits for a slot: among those that a waiter computes, or main */
  bit mayExceed;
  bit owns;            /* ghost: it took a slot, within the limit */
  bit unwanted;        /* its last waiter has left, and it goes on */
  bit stray;           /* ghost: main begins it although it was taken back */
};
Call call[N];
Flight flight[N];
byte live[KEYS] = NONE;
byte top[2] = NONE;    /* the last call that blocks the thread, or has blocked it and computes */
byte users[SLOTS];
byte taken[FNS], queued[FNS];
byte made;             /* calls so far */
byte mainCalls = MAIN_CALLS, calls = CALLS, deaths = DEATHS, leaves = LEAVES;
byte suspects;         /* from which a circle may start */
hidden byte opened;    /* start before the event is over */

/* Scratch: means nothing between two steps. */
hidden byte i, j, k, w, s, fn, next, reach, mine, led, least;
hidden byte ok, grew, again, isHere;

#define IN(set, n) (((set) >> (n)) & 1)
#define ADDED(set, n) ((set) | (1 << (n)))
#define IS_LEASED(f) (flight[f].at == PREPARED || flight[f].at == RUNS)
#define LEADS_ITSELF(c) (flight[call[c].flight].at == RUNS && flight[call[c].flight].leader == (c))
#define IS_BLOCKED(t) (top[t] != NONE && call[top[t]].state == WAITING && !LEADS_ITSELF(top[t]))
#define CAN_LEAD(c) (call[c].thread != MAIN && KIND(call[c].key) != ON_MAIN)

/* ---- slots ---- */

inline giveBack(f) {
  fn = FN(call[f].key);
  if
  :: flight[f].used != NONE ->
    s = flight[f].used;
    flight[f].used = NONE;
    users[s]--;
    if
    :: users[s] == 0 ->
      taken[fn]--;
      for (w : 0 .. N - 1) {
        if :: flight[w].under[fn] == s -> flight[w].under[fn] = NONE :: else fi
      }
    :: else
    fi
  :: else
  fi
}

inline takeSlot(f) {
  fn = FN(call[f].key);
  ok = (flight[f].under[fn] != NONE);
#ifdef NO_SHARE
  flight[f].under[fn] = NONE;
#endif
  flight[f].owns = 0;
  if
  :: flight[f].under[fn] == NONE ->
    s = 0;
    do :: users[s] > 0 -> s++ :: else -> break od;
    taken[fn]++;
    assert(taken[fn] <= LIMIT || flight[f].apart || flight[f].mayExceed);
    /* What is called from a computation of its function needs no slot of its own. */
    assert(taken[fn] <= LIMIT || !ok);
    flight[f].owns = (taken[fn] <= LIMIT);
    flight[f].under[fn] = s
  :: else -> s = flight[f].under[fn]
  fi;
  users[s]++;
  flight[f].used = s;
  flight[f].mayExceed = 0
}

inline hasSlot(f, now) {
  fn = FN(call[f].key);
#ifdef QUEUED_FIRST
  ok = (taken[fn] + queued[fn] < LIMIT);
#else
  ok = (taken[fn] + (now -> 0 : queued[fn]) < LIMIT);
#endif
#ifdef NO_SHARE
  ok = ok || flight[f].mayExceed || flight[f].apart
#else
  ok = ok || flight[f].mayExceed || flight[f].apart || flight[f].under[fn] != NONE
#endif
}

inline grant(f, where, its, how) {
  assert(KIND(call[f].key) != ON_MAIN || where == MAIN);
  flight[f].peer = where;
  flight[f].leader = its;
  flight[f].at = how;
  takeSlot(f)
}

inline endLease(f) {
  giveBack(f);
  flight[f].at = NO;
  flight[f].peer = NONE;
  flight[f].leader = NONE
}

inline limit(f, now) {
  flight[f].at = LIMITED;
  flight[f].atOnce = now;
#ifndef NO_CIRCLES
  suspects = ADDED(suspects, f)
#endif
}

/* ---- the wait-for graph ---- */

/* A call that is just being made waits for nothing. */
inline reaches(node) {
  next = node;
  if :: next != NONE && !IN(reach, next) -> reach = ADDED(reach, next); grew = 1 :: else fi
}

/* What has a slot that the flight waits for; what was abandoned waits only as its thread does. */
inline addHolders(f) {
  for (w : 0 .. N - 1) {
    if
    :: flight[w].used != NONE && FN(call[w].key) == FN(call[f].key) ->
      if
      :: !flight[w].unwanted -> reaches(w)
      :: flight[w].unwanted && flight[w].peer != MAIN ->
        if :: IS_BLOCKED(flight[w].peer) -> reaches(call[top[flight[w].peer]].flight) :: else fi
      :: else
      fi
    :: else
    fi
  }
}

/* All that is waited for by what is reached; what a blocked thread waits for, and slots, if so said. */
inline spread(threads, slots) {
  do
  :: grew ->
    grew = 0;
    for (i : 0 .. N - 1) {
      if
      :: IN(reach, i) && IS_LEASED(i) && !flight[i].unwanted ->
        for (w : 0 .. N - 1) {
          if
          :: call[w].state == WAITING && call[w].parent == i -> reaches(call[w].flight)
          :: else
          fi
        }
        if
        :: threads && flight[i].peer != MAIN ->
          if :: IS_BLOCKED(flight[i].peer) -> reaches(call[top[flight[i].peer]].flight) :: else fi
        :: else
        fi
      :: IN(reach, i) && slots && flight[i].at == LIMITED -> addHolders(i)
      :: else
      fi
    }
  :: else -> break
  od
}

/* ---- flights ---- */

inline findLeader(f) {
  led = NONE;
  for (w : 0 .. N - 1) {
    if
    :: led == NONE && call[w].state == WAITING && call[w].flight == f && CAN_LEAD(w) ->
      if :: !IS_BLOCKED(call[w].thread) || top[call[w].thread] == w -> led = w :: else fi
    :: else
    fi
  }
}

inline findPlace(f) {
  findLeader(f);
  isHere = (led == NONE && KIND(call[f].key) == ON_MAIN);
  if
  :: led == NONE && KIND(call[f].key) == CALLER ->
    for (w : 0 .. N - 1) {
      if
      :: call[w].state == WAITING && call[w].flight == f && call[w].thread == MAIN -> isHere = 1
      :: else
      fi
    }
  :: else
  fi
}

/* It is open: a waiter computes it, main does, or it goes to the queue. */
inline start(f) {
  findPlace(f);
  hasSlot(f, isHere || led != NONE);
  if
  :: !ok -> limit(f, (isHere || led != NONE))
  :: ok && led != NONE -> checkStart(f); grant(f, call[led].thread, led, RUNS)
  :: ok && isHere -> grant(f, MAIN, NONE, PREPARED)
  :: else -> flight[f].at = QUEUED; queued[FN(call[f].key)]++
  fi
}

inline inherit(f, c) {
  if
  :: call[c].parent != NONE ->
    flight[f].under[0] = flight[call[c].parent].under[0];
    flight[f].under[1] = flight[call[c].parent].under[1]
  :: else
  fi
}

inline checkStart(f) {
  for (w : 0 .. N - 1) {
    assert(flight[f].apart || flight[w].apart || flight[w].unwanted || flight[w].at != RUNS ||
      call[w].key != call[f].key || (w == f && !flight[f].stray))
  }
}

/* It is open, and starts before the event is over. */
inline opens(f) {
  flight[f].at = NO;
  opened = ADDED(opened, f)
}

/* The waiter computes what was taken out of the queue, or back from main, unless there is no slot. */
inline takeOver(f, c) {
  call[c].flight = f;
  inherit(f, c);
  opens(f)
}

/* A call of a key that has a live flight. */
inline join(c, f) {
  reach = 0;
  grew = 0;
  reaches(f);
  spread(0, 0);
  if
  :: call[c].parent != NONE && IN(reach, call[c].parent) -> call[c].state = OVER /* a cycle: it fails */
  :: (call[c].parent == NONE || !IN(reach, call[c].parent)) && CAN_LEAD(c) && flight[f].at == QUEUED ->
    queued[FN(call[f].key)]--;
    takeOver(f, c)
  :: (call[c].parent == NONE || !IN(reach, call[c].parent)) && CAN_LEAD(c) && flight[f].at == PREPARED ->
    endLease(f);
#ifdef TAKEN_NOT_BACK
    flight[f].stray = 1;
#endif
    takeOver(f, c)
  :: else ->
    grew = 1;
    spread(1, 0);
    mine = 0;
    for (i : 0 .. N - 1) {
      if
      :: call[c].blocks && IS_LEASED(i) && !flight[i].unwanted && flight[i].peer == call[c].thread ->
        mine = ADDED(mine, i)
      :: !call[c].blocks && call[c].parent == i -> mine = ADDED(mine, i)
      :: else
      fi
    }
#ifdef BLIND_HERE
    if :: call[c].thread == MAIN -> mine = 0 :: else fi;
#endif
    if
    :: (reach & mine) != 0 ->
      flight[c].apart = 1;
      call[c].flight = c;
      inherit(c, c);
      opens(c)
    :: else ->
      call[c].flight = f;
#ifndef JOINS_UNSEEN
      suspects = ADDED(suspects, f);
#endif
      if
      :: flight[f].at == LIMITED ->
        if
        :: call[c].parent != NONE && flight[call[c].parent].under[FN(call[f].key)] != NONE -> inherit(f, c)
        :: else
        fi;
        hasSlot(f, CAN_LEAD(c) || flight[f].atOnce);
        if
        :: ok || (!flight[f].atOnce && CAN_LEAD(c)) -> opens(f)
        :: else
        fi
      :: else
      fi
    fi
  fi
}

/* ---- what is done at the end of each event ---- */

inline drop(f) {
  if
  :: flight[f].at == RUNS ->
    flight[f].unwanted = 1;
#ifdef EARLY_SLOT
    giveBack(f)
#endif
  :: flight[f].at == PREPARED -> endLease(f)
  :: flight[f].at == QUEUED -> queued[FN(call[f].key)]--; flight[f].at = NO
  :: flight[f].at == LIMITED -> flight[f].at = NO
  fi;
  if :: live[call[f].key] == f -> live[call[f].key] = NONE :: else fi
}

/* What nothing waits for ends, the calls of what was abandoned leave, and what has an answer blocks no more. */
inline tidy() {
  again = 1;
  do
  :: again ->
    again = 0;
    for (i : 0 .. N - 1) {
      if
      :: call[i].state == WAITING && call[i].parent != NONE ->
        if
        :: flight[call[i].parent].unwanted -> call[i].state = OVER; call[i].flight = NONE; again = 1
        :: else
        fi
      :: else
      fi;
      if
      :: flight[i].at != NO && !flight[i].unwanted ->
        ok = 0;
        for (w : 0 .. N - 1) {
          if :: call[w].state == WAITING && call[w].flight == i -> ok = 1 :: else fi
        }
        if :: !ok -> drop(i); again = 1 :: else fi
      :: else
      fi
    }
    for (j : 0 .. THREADS - 1) {
      if
      :: top[j] != NONE ->
        if
        :: call[top[j]].state == OVER ->
          ok = 1;
          for (w : 0 .. N - 1) {
            if :: flight[w].at == RUNS && flight[w].leader == top[j] -> ok = 0 :: else fi
          }
          if :: ok -> top[j] = call[top[j]].below; again = 1 :: else fi
        :: else
        fi
      :: else
      fi
    }
  :: else -> break
  od
}

/* What waits for a slot goes on if there is one. */
inline fill() {
  for (j : 0 .. N - 1) {
    if
    :: flight[j].at == LIMITED && opened == 0 ->
      hasSlot(j, flight[j].atOnce);
      if :: ok -> opens(j) :: else fi
    :: else
    fi
  }
}

/* Of what a suspect waits for, what waits for a slot and, by that, for itself, goes on over the limit. */
inline breakCircle() {
  j = 0;
  do :: !IN(suspects, j) -> j++ :: else -> break od;
  mine = 0;
  reach = 0;
  reaches(j);
  spread(1, 1);
  mine = reach;
  for (k : 0 .. N - 1) {
    if
    :: opened == 0 && IN(mine, k) && flight[k].at == LIMITED ->
      reach = 0;
      grew = 0;
      addHolders(k);
      spread(1, 1);
      if :: IN(reach, k) -> flight[k].mayExceed = 1; opens(k) :: else fi
    :: else
    fi
  }
  if :: opened == 0 -> suspects = suspects & ~(1 << j) :: else fi
}

/* Every thread is blocked, and each needs something of the queue: main computes that. */
inline help() {
  least = NONE;
#ifdef NO_HELP
  isHere = 0;
#else
  isHere = 1;
#endif
  for (j : 0 .. THREADS - 1) {
    if
    :: IS_BLOCKED(j) ->
      reach = 0; grew = 0;
      reaches(call[top[j]].flight);
      spread(1, 1);
      ok = 0;
      for (w : 0 .. N - 1) {
        if
        :: IN(reach, w) && flight[w].at == QUEUED ->
          ok = 1;
          if :: least == NONE -> least = w :: else fi
        :: else
        fi
      }
      if :: !ok -> isHere = 0 :: else fi
    :: else -> isHere = 0
    fi
  }
  if
  :: isHere && least != NONE ->
    queued[FN(call[least].key)]--;
    grant(least, MAIN, NONE, PREPARED)
  :: else
  fi
}

/* Of the computations that go on, those that have a slot of their own, within the limit. */
inline check() {
  for (j : 0 .. FNS - 1) {
    k = 0;
    for (w : 0 .. N - 1) {
      if
      :: IS_LEASED(w) && FN(call[w].key) == j && flight[w].owns -> k++
      :: else
      fi
    }
    assert(k <= LIMIT)
  }
}

inline look() {
  tidy();
  do
  :: opened != 0 ->
    j = 0;
    do :: !IN(opened, j) -> j++ :: else -> break od;
    opened = opened & ~(1 << j);
    start(j)
  :: opened == 0 ->
    fill();
    if
    :: opened == 0 && suspects != 0 -> breakCircle()
    :: opened == 0 && suspects == 0 -> break
    :: else
    fi
  od;
  help();
  check();
  w = 0
}

/* Of `key`, on the thread `at`, from the computation `from`. */
inline makeCall() {
  call[made].key = key;
  call[made].thread = at;
  call[made].parent = from;
  call[made].blocks = blocks;
  call[made].state = WAITING;
  flight[made].under[0] = NONE;
  flight[made].under[1] = NONE;
  ok = (live[key] != NONE);
#ifdef TWO_SIDES
  /* What main computes itself, it begins without a look at what the threads do. */
  if :: at == MAIN && KIND(key) != POOL -> ok = 0 :: else fi;
#endif
  if
  :: ok -> join(made, live[key])
  :: else ->
    live[key] = made;
    call[made].flight = made;
    inherit(made, made);
    opens(made)
  fi;
  if
  :: blocks && call[made].state == WAITING -> call[made].below = top[at]; top[at] = made
  :: else
  fi;
  made++
}

inline begin(f, t) {
  queued[FN(call[f].key)]--;
  flight[f].at = NO;
  hasSlot(f, 1);
  if
  :: ok -> checkStart(f); grant(f, t, NONE, RUNS)
  :: else -> findPlace(f); limit(f, (isHere || led != NONE))
  fi
}

inline finish(f) {
  if
  :: !flight[f].unwanted ->
    for (w : 0 .. N - 1) {
      if
      :: call[w].state == WAITING && call[w].flight == f -> call[w].state = OVER; call[w].flight = NONE
      :: else
      fi
    }
  :: else
  fi;
  if :: live[call[f].key] == f -> live[call[f].key] = NONE :: else fi;
  endLease(f);
  flight[f].unwanted = 0
}

inline die(t) {
  for (w : 0 .. N - 1) {
    if
    :: call[w].state == WAITING && call[w].thread == t -> call[w].state = OVER; call[w].flight = NONE
    :: else
    fi
  }
  top[t] = NONE;
  mine = 0;
  for (k : 0 .. N - 1) {
    if
    :: flight[k].at == RUNS && flight[k].peer == t ->
#ifdef SLOT_LOST
      flight[k].used = NONE;
#endif
      endLease(k);
      if :: !flight[k].unwanted -> mine = ADDED(mine, k) :: else fi;
      flight[k].unwanted = 0
    :: else
    fi
  }
  for (k : 0 .. N - 1) {
    if
    :: IN(mine, k) ->
      ok = 0;
      for (w : 0 .. N - 1) {
        if :: call[w].state == WAITING && call[w].flight == k -> ok = 1 :: else fi
      }
      if
      :: ok -> opens(k)
      :: else -> if :: live[call[k].key] == k -> live[call[k].key] = NONE :: else fi
      fi
    :: else
    fi
  }
}

#define IS_TOP(f) (top[flight[f].peer] != NONE && flight[f].leader == top[flight[f].peer])
#define MAY_ACT(f) (flight[f].at == RUNS && (flight[f].peer == MAIN || \
  (!IS_BLOCKED(flight[f].peer) && (top[flight[f].peer] == NONE || IS_TOP(f)))))

#define HAS_CALL(f, n) ((n) < N && call[(n) % N].state == WAITING && call[(n) % N].parent == (f))
#define AWAITS(f) (HAS_CALL(f, 0) || HAS_CALL(f, 1) || HAS_CALL(f, 2) || HAS_CALL(f, 3) || HAS_CALL(f, 4))

#define MAY_CALL(f) ((f) < N && calls > 0 && MAY_ACT((f) % N) && !flight[(f) % N].unwanted)
#define IS(f, state) ((f) < N && flight[(f) % N].at == state)
#define MAY_LEAVE(c) ((c) < N && leaves > 0 && call[(c) % N].state == WAITING && \
  call[(c) % N].thread == MAIN && call[(c) % N].parent == NONE)

/* What may happen to the call of this number, to the flight that it has opened, and to its computation. */
#define EVENTS_OF(f) \
  :: MAY_CALL(f) -> event = CALLS_OUT; calls--; from = f; at = flight[(f) % N].peer \
  :: IS(f, QUEUED) && top[0] == NONE -> event = BEGINS; from = f; at = 0 \
  :: IS(f, QUEUED) && THREADS > 1 && top[1] == NONE -> event = BEGINS; from = f; at = 1 \
  :: IS(f, PREPARED) -> event = BEGINS_HERE; from = f \
  :: (f) < N && flight[(f) % N].stray -> event = STRAYS; from = f \
  :: (f) < N && MAY_ACT((f) % N) && !AWAITS(f) -> event = ENDS; from = f \
  :: MAY_LEAVE(f) -> event = LEAVES_IT; leaves--; from = f

active proctype Coordinator() {
  mtype event;
  byte from, at, key;
  bit blocks;
  do
  :: atomic {
      if
      :: mainCalls > 0 -> mainCalls--; event = CALLS_OUT; from = NONE; at = MAIN
      :: deaths > 0 -> deaths--; event = DIES; at = 0
      EVENTS_OF(0)
      EVENTS_OF(1)
      EVENTS_OF(2)
      EVENTS_OF(3)
      EVENTS_OF(4)
      fi;
      if
      :: event == CALLS_OUT ->
        if :: key = 0 :: key = 1 :: key = 2 fi;
        if
        :: at == MAIN -> blocks = 0
        :: at != MAIN ->
          if
          :: top[at % 2] == NONE -> blocks = 0
          :: blocks = 1
          fi
        fi
      :: else
      fi;
      d_step {
        if
        :: event == CALLS_OUT -> makeCall()
        :: event == BEGINS -> begin(from, at)
        :: event == BEGINS_HERE -> checkStart(from); flight[from].at = RUNS
        :: event == STRAYS -> checkStart(from); flight[from].stray = 0
        :: event == ENDS -> finish(from)
        :: event == LEAVES_IT -> call[from].state = OVER; call[from].flight = NONE
        :: event == DIES -> die(at)
        fi;
        look();
        event = 0; from = 0; at = 0; key = 0; blocks = 0
      } }
  :: atomic { timeout ->
      for (key : 0 .. N - 1) {
        assert(call[key].state != WAITING);
        assert(flight[key].at == NO)
      }
      for (key : 0 .. FNS - 1) { assert(taken[key] == 0 && queued[key] == 0) }
      break }
  od
}
