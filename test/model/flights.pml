/*
 * Who computes what: a model of claims, leases, blocking calls, deaths and invalidations, of which
 * spin tries every order of events. `shifts.pml` is the other half: how a thread sleeps and wakes.
 * `spin.sh` checks both.
 *
 * What stands for what:
 * - The coordinator's part follows `src/coordinator/coordinator.ts`, `flights.ts`, `waiters.ts`,
 *   `recovery.ts`, `invalidation.ts`, `leases.ts` and `src/pool/receive.ts`, and has their
 *   names; `circle` and `deadlock` are `deadlock.ts`. The code handles each event to its end before the
 *   next, so each is one step here.
 * - The threads' part follows `src/worker/thread-side.ts`, `blocking.ts` and `calls.ts`. A thread
 *   reads its messages one by one whenever the schedule says, also while it computes (which is what
 *   `currentSignal()` does). A computation calls any key, its own too, awaits it or blocks for it,
 *   perhaps calls more, and returns. What a call that blocks has leased returns without awaiting.
 * - `told` and `said` are a thread's port, in order, both ways.
 *
 * What holds: no call waits for ever (`atRest`); each call is answered once; a key has at most one
 * live lease, those granted by rule 6 apart; what was leased before an invalidation is not stored
 * after it, and no later call is answered with it.
 *
 * What is left out, and why: tiers (a flight that probes waits for no other); which free thread gets a
 * task and when (here any, at any time: more than the queue does), and its way there
 * (`shifts.pml`); failures, expiry, eviction (a flight ends by them as by a value); calls of an
 * abort listener; a full queue; closing; as many deaths as give a computation up.
 * `coordinator.test.ts` has most of these. Time is left out of `stopping.ts`: a thread that reads
 * nothing, and was told to stop something, is replaced at any moment from then on.
 *
 * The numbers of calls, deaths and so on bound the search; `spin.sh` sets several. A *ghost* is
 * known to the model only. Each `#ifdef` breaks one rule, and spin must find out.
 */

#ifndef MAIN_CALLS    /* made on the coordinator's thread */
#define MAIN_CALLS 0
#endif
#ifndef STRAYS        /* made in threads, from no computation */
#define STRAYS 0
#endif
#ifndef CALLS         /* made from computations */
#define CALLS 0
#endif
#ifndef DEATHS        /* of threads */
#define DEATHS 0
#endif
#ifndef LEAVES        /* of callers, by an abort */
#define LEAVES 0
#endif
#ifndef HANGS         /* computations that never come back, and keep their threads from reading */
#define HANGS 0
#endif
#ifndef INVALIDATIONS /* at most 1: the ghosts know no more */
#define INVALIDATIONS 0
#endif

#define THREADS 2
#define MAIN    2     /* the coordinator's own thread, as that of a call */
#define KEYS    2
#define WAITERS (MAIN_CALLS + STRAYS + CALLS)
#define FLIGHTS WAITERS /* each has a waiter */
#define LEASES  5
#define NONE    7

mtype = { CLAIM, LEAVE, OUTCOME, DECLINE, CLOSED }; /* what a thread says */
mtype = { VALUE, LEASE, CANCEL, DONE };             /* what it is told */
mtype = { LEAD, BLOCK, WAIT };                      /* a call's mode */
mtype = { UNUSED, WAITING, LEFT };                  /* a call, for its caller */
mtype = { SETTLED, ORPHANED, QUEUED, LEASED };      /* a flight */

/* CLAIM(call, handled), LEAVE(call), OUTCOME(lease), DECLINE(lease, with arguments) */
chan said[THREADS] = [5] of { mtype, byte, byte };
/* VALUE(call), LEASE(call, lease), CANCEL(, lease), DONE(call) */
chan told[THREADS] = [5] of { mtype, byte, byte };
/* `#leads`: leases for its calls that a thread has heard of and not started. */
chan leads[THREADS] = [3] of { byte };

typedef Call {
  /* In its thread. */
  mtype state = UNUSED;
  mtype mode;
  byte key;
  byte thread = NONE;
  byte parent = NONE;   /* the lease it is made from */
  byte leads = NONE;    /* the lease under which it computes its value itself */
  byte below = NONE;    /* the call that blocks the thread further out */
  /* In the coordinator: the waiter. */
  bit known;
  byte from = NONE;     /* `parent`, while that goes on */
  byte flight = NONE;
  bit early;            /* ghost: asked before the invalidation */
};

typedef Flight {
  mtype phase = SETTLED;
  byte key;
  byte lease = NONE;
  bit args;
  bit fenced;
  bit apart;
};

typedef Lease {
  /* In the coordinator. */
  bit held;
  byte flight = NONE;
  byte peer = NONE;
  byte leader = NONE;
  byte nth;
  bit comesBack;
  bit cancelled;
  bit handed;           /* a task, not started: what its cell says */
  bit stale;            /* ghost: granted before the invalidation */
  /* In its thread: the computation. */
  bit runs;
  byte thread = NONE;
  byte awaits = NONE;   /* a call */
  bit stopped;          /* told to */
};

typedef Thread {
  byte top = NONE;      /* the innermost of the calls that block it, or compute in such a call */
  byte heard;
  bit dead;
  byte occupant = NONE; /* a computation that never comes back */
  /* In the coordinator: the peer. */
  byte blocking = NONE; /* the call that it is blocked by */
  byte leads;
};

Call call[WAITERS];     /* the first are those of the coordinator's thread */
Flight flight[FLIGHTS];
Lease lease[LEASES];
Thread thread[THREADS];
byte live[KEYS] = NONE; /* flights */
bit stored[KEYS];

byte mainCalls = MAIN_CALLS, strays = STRAYS, calls = CALLS;
byte deaths = DEATHS, leaves = LEAVES, hangs = HANGS, invalidations = INVALIDATIONS;
bit atEnd;

/* Scratch: means nothing between two steps. Each inline says in its last line which it uses. */
hidden byte c, f, g, i, j, l, n, o, r, s, v, w, x, y, z, bad, grown, last, takes, asks, p;
hidden mtype m;

inline say(port, what, first, second) {
  assert(nfull(said[port]));
  said[port]!what(first, second)
}

inline tell(port, what, first, second) {
  assert(nfull(told[port]));
  told[port]!what(first, second)
}

/* ------------------------------------------------------------------ deadlock.ts */

/* `bad`: the call, which comes from a computation, would wait for that by calls alone. */
inline circle(who, goal) {
  bad = 0; r = 1 << goal; grown = (call[who].from != NONE);
  do
  :: grown ->
    grown = 0;
    for (i : 0 .. FLIGHTS - 1) {
      if
      :: ((r >> i) & 1) && flight[i].phase == LEASED ->
        n = flight[i].lease;
        bad = bad || n == call[who].from;
        for (j : 0 .. WAITERS - 1) {
          if
          :: call[j].flight != NONE && call[j].from == n && !((r >> call[j].flight) & 1) ->
            r = r | (1 << call[j].flight); grown = 1
          :: else
          fi
        }
      :: else
      fi
    }
  :: else -> break
  od
} /* i j n r */

/* `bad`: the call, if it waited for the flight, would wait for its own thread or computation. */
inline deadlock(who, goal) {
  bad = 0; r = 1 << goal; grown = (call[who].thread != MAIN);
#ifdef NO_SEARCH /* a wait is admitted without asking */
  grown = 0;
#endif
  do
  :: grown ->
    grown = 0;
    for (i : 0 .. FLIGHTS - 1) {
      if
      :: ((r >> i) & 1) && flight[i].phase == LEASED && !lease[flight[i].lease].comesBack ->
        n = flight[i].lease;
        bad = bad || (call[who].mode == BLOCK -> lease[n].peer == call[who].thread
                                               : n == call[who].from);
        for (j : 0 .. WAITERS - 1) {
          if
          :: call[j].flight != NONE && !((r >> call[j].flight) & 1) &&
             (call[j].from == n || thread[lease[n].peer].blocking == j) ->
            r = r | (1 << call[j].flight); grown = 1
          :: else
          fi
        }
      :: else
      fi
    }
  :: else -> break
  od
} /* i j n r */

/* ------------------------------------------------------------------ leases.ts */

/* Gives `l`. Its number is new as far as any side can tell: nothing speaks of it. */
inline grant(what, peerIs, leaderIs) {
  l = 0;
  do
  :: l < LEASES && (lease[l].held || lease[l].runs ||
                    told[0]??[CANCEL, 0, eval(l)] || told[1]??[CANCEL, 0, eval(l)]) -> l++
  :: else -> break
  od;
  assert(l < LEASES);
  lease[l].held = 1; lease[l].flight = what; lease[l].peer = peerIs; lease[l].leader = leaderIs;
  flight[what].phase = LEASED; flight[what].lease = l;
  for (i : 0 .. LEASES - 1) { /* one live lease a key */
    assert(i == l || !lease[i].held || lease[i].cancelled || flight[what].fenced ||
           flight[lease[i].flight].fenced || flight[lease[i].flight].key != flight[what].key)
  }
} /* i l */

inline endLease(id) {
  for (i : 0 .. WAITERS - 1) {
    if :: call[i].from == id -> call[i].from = NONE :: else fi
  }
  lease[id].held = 0; lease[id].flight = NONE; lease[id].peer = NONE; lease[id].leader = NONE;
  lease[id].nth = 0; lease[id].comesBack = 0; lease[id].cancelled = 0; lease[id].handed = 0;
  lease[id].stale = 0
} /* i */

/* `bad`: the task had not started, and never will. */
inline takeBack(id) {
  bad = lease[id].handed;
  if :: bad -> endLease(id) :: else fi
} /* i */

/* ------------------------------------------------------------------ flights.ts */

/* Gives `f`. */
inline open(ofKey) {
  f = 0;
  do
  :: f < FLIGHTS && flight[f].phase != SETTLED -> f++
  :: else -> break
  od;
  assert(f < FLIGHTS);
  flight[f].key = ofKey
} /* f */

/* Its lease has ended without an outcome: it starts again before the event is over. */
inline orphan(what) {
  flight[what].phase = ORPHANED; flight[what].lease = NONE
}

inline forget(what) {
  if
#ifdef BY_KEY /* a flight that ends takes the key's live one with it, whichever that is */
  :: live[flight[what].key] = NONE
#else
  :: live[flight[what].key] == what -> live[flight[what].key] = NONE
  :: else
#endif
  fi;
  flight[what].phase = SETTLED; flight[what].key = 0; flight[what].lease = NONE;
  flight[what].args = 0; flight[what].fenced = 0; flight[what].apart = 0
}

/* ------------------------------------------------------------------ receive.ts */

/* A call that has ended for both sides: its number names nothing any more. */
inline over(who) {
  if
  :: call[who].state == UNUSED && call[who].leads == NONE && !call[who].known ->
    call[who].mode = 0; call[who].key = 0; call[who].thread = NONE; call[who].parent = NONE;
    call[who].below = NONE
  :: else
  fi
}

inline forgetCall(who) {
  if
  :: call[who].thread < MAIN && thread[call[who].thread].blocking == who ->
    thread[call[who].thread].blocking = NONE
  :: else
  fi;
  call[who].known = 0; call[who].flight = NONE; call[who].from = NONE; call[who].early = 0;
  over(who)
}

inline deliver(who) {
  if
  :: call[who].thread == MAIN ->
    assert(call[who].state == WAITING); /* answered once */
    call[who].state = UNUSED
  :: else -> tell(call[who].thread, VALUE, who, 0)
  fi;
  forgetCall(who)
}

/* ------------------------------------- coordinator.ts, and those that share its work */

/* The call computes the flight: `#lead`. */
inline lead(what, who) {
  s = call[who].thread;
  thread[s].leads++;
  grant(what, s, who);
  lease[l].nth = thread[s].leads;
  if :: thread[s].blocking == who -> thread[s].blocking = NONE :: else fi;
  lease[l].comesBack = (call[who].mode != BLOCK && thread[s].blocking != NONE);
  tell(s, LEASE, who, l)
} /* i l s */

/* `#start`, with `leaderOf`: `c` is a caller in a free thread, `x` any that could compute. */
inline start(what) {
  c = NONE; x = NONE;
  for (i : 0 .. WAITERS - 1) {
    if
    :: call[i].flight == what && call[i].mode != WAIT ->
      if :: x == NONE -> x = i :: else fi;
      if
      :: c == NONE && thread[call[i].thread].blocking == (call[i].mode == BLOCK -> i : NONE) -> c = i
      :: else
      fi
    :: else
    fi
  }
  if :: c == NONE && !flight[what].args -> c = x :: else fi;
  if
  :: c == NONE -> flight[what].phase = QUEUED; flight[what].lease = NONE
  :: else -> lead(what, c)
  fi
} /* c i l s x */

inline join(what, who) {
  circle(who, what);
  if
  :: bad -> deliver(who)
  :: else ->
    takes = (call[who].mode != WAIT && flight[what].phase == QUEUED);
    if
    :: call[who].mode != WAIT && flight[what].phase == LEASED ->
      takeBack(flight[what].lease); takes = bad
    :: else
    fi;
    f = what;
    bad = 0;
    if :: !takes -> deadlock(who, what) :: else fi;
    if
    :: bad -> open(flight[what].key); flight[f].fenced = 1; flight[f].apart = 1
    :: else
    fi;
    call[who].flight = f;
    if :: takes || bad -> lead(f, who) :: else fi
#ifdef NOT_WITHDRAWN /* a flight that a thread has taken over stays in the backlog */
    ; if :: takes -> flight[f].phase = QUEUED :: else fi
#endif
  fi
} /* f i j l n r s */

/* A flight whose lease has ended without an outcome. */
inline startAgain(what) {
  g = live[flight[what].key];
  if
  :: !flight[what].apart && g == NONE -> g = what; live[flight[what].key] = what
  :: flight[what].apart -> g = what
  :: else
  fi;
  if
  :: g == what -> flight[what].fenced = flight[what].apart; start(what)
  :: else ->
    flight[g].args = flight[g].args || flight[what].args;
    forget(what);
    for (y : 0 .. WAITERS - 1) {
      if :: call[y].flight == what -> call[y].flight = NONE; join(g, y) :: else fi
    }
  fi
} /* c f g i j l n r s x y */

inline block(who, handled) {
  assert(thread[call[who].thread].blocking == NONE);
  thread[call[who].thread].blocking = who;
  for (z : 0 .. LEASES - 1) {
    if
    :: lease[z].held && lease[z].peer == call[who].thread ->
#ifdef ALL_COME_BACK /* what the thread has started is taken for what it gives back */
      lease[z].comesBack = (lease[z].leader != NONE && call[lease[z].leader].mode != BLOCK);
#else
      lease[z].comesBack = (lease[z].leader != NONE && call[lease[z].leader].mode != BLOCK &&
                            lease[z].nth > handled);
#endif
      o = lease[z].flight;
      takeBack(z);
      if :: bad -> orphan(o) :: else fi
    :: else
    fi
  }
} /* i o z */

/* What `claim` does first. Gives `asks`, unless the value is there. */
inline hearClaim(who, handled) {
  call[who].known = 1;
  if
  :: call[who].parent != NONE && lease[call[who].parent].held ->
    call[who].from = call[who].parent;
    lease[call[who].from].comesBack = 0
  :: else
  fi;
  if
  :: stored[call[who].key] -> deliver(who)
  :: else ->
    asks = who;
    if :: call[who].mode == BLOCK -> block(who, handled) :: else fi
  fi
}

inline want(who) {
  g = live[call[who].key];
  if
  :: g != NONE ->
    flight[g].args = flight[g].args || call[who].mode == WAIT;
    join(g, who)
  :: else ->
    open(call[who].key);
    live[call[who].key] = f;
    flight[f].args = (call[who].mode == WAIT);
    call[who].flight = f;
    start(f)
  fi
} /* g, and those of `join` and `start` */

inline settle(id) {
  g = lease[id].flight; o = lease[id].leader; last = lease[id].cancelled; bad = lease[id].stale;
  endLease(id);
  if
  :: !last ->
    if
    :: !flight[g].fenced ->
      assert(!bad); /* no store after an invalidation */
      stored[flight[g].key] = 1
    :: else
    fi;
    forget(g);
    for (x : 0 .. WAITERS - 1) {
      if
      :: call[x].flight == g ->
        assert(!bad || call[x].early); /* an old value only for those who asked before */
        if :: x == o -> forgetCall(x) :: else -> deliver(x) fi
      :: else
      fi
    }
  :: else
  fi
} /* g i o x */

inline decline(id, withArgs) {
  o = lease[id].flight; last = lease[id].cancelled;
  endLease(id);
  if
  :: !last -> flight[o].args = flight[o].args || withArgs; orphan(o)
  :: else
  fi
} /* i o */

/* The caller has gone; with the last one the flight is abandoned. */
inline leave(who) {
  g = call[who].flight;
  forgetCall(who);
  abandonIfLeft()
} /* g i n x */

/* The computation that it was made from is abandoned: its thread may never say that it leaves. */
inline forsake(who) {
  g = call[who].flight;
  if
  :: thread[call[who].thread].blocking == who -> call[who].flight = NONE; call[who].from = NONE
  :: else -> forgetCall(who)
  fi;
  abandonIfLeft()
} /* g i n x */

inline abandonIfLeft() {
  last = (g != NONE);
  for (x : 0 .. WAITERS - 1) { last = last && call[x].flight != g }
  if
  :: last ->
    n = (flight[g].phase == LEASED -> flight[g].lease : NONE);
    forget(g);
    bad = 1;
    if :: n != NONE -> takeBack(n) :: else fi;
    if
    :: !bad ->
      lease[n].cancelled = 1; lease[n].flight = NONE;
      tell(lease[n].peer, CANCEL, 0, n)
    :: else
    fi
  :: else
  fi
} /* g i n x */

inline died(me) {
  for (z : 0 .. LEASES - 1) {
    if
    :: lease[z].held && lease[z].peer == me ->
      if :: !lease[z].cancelled -> orphan(lease[z].flight) :: else fi;
      endLease(z)
    :: else
    fi
  }
  for (z : 0 .. WAITERS - 1) {
    if :: call[z].thread == me -> call[z].state = UNUSED; call[z].leads = NONE; leave(z) :: else fi
  }
  do
  :: told[me]?_, w, v
  :: empty(told[me]) -> break
  od;
  thread[me].leads = 0;
  thread[me].dead = 0 /* Piscina starts another */
} /* v w z, and those of `leave` */

inline invalidate(ofKey) {
  stored[ofKey] = 0;
  for (i : 0 .. LEASES - 1) {
    if :: lease[i].flight != NONE && flight[lease[i].flight].key == ofKey -> lease[i].stale = 1 :: else fi
  }
  for (i : 0 .. WAITERS - 1) {
    if :: call[i].flight != NONE && flight[call[i].flight].key == ofKey -> call[i].early = 1 :: else fi
  }
#ifndef NO_FENCE /* an invalidation forgets what is stored, and not what is under way */
  if
  :: live[ofKey] != NONE && flight[live[ofKey]].phase == LEASED ->
    flight[live[ofKey]].fenced = 1;
    live[ofKey] = NONE
  :: else
  fi;
#endif
  skip
} /* i */

inline callHere(ofKey) {
  mainCalls--;
  w = mainCalls;
  call[w].state = WAITING; call[w].mode = WAIT; call[w].key = ofKey; call[w].thread = MAIN;
  m = CLAIM; v = 0
}

/* Each event is one step. It takes three parts, so that spin has less to compile. */
active proctype coordinator() {
end:
  do
  :: atomic {
       if
       :: d_step { said[0]?m, w, v -> p = 0 }
       :: d_step { said[1]?m, w, v -> p = 1 }
       :: d_step { mainCalls > 0 -> callHere(0) }
       :: d_step { mainCalls > 0 -> callHere(1) }
       fi;
       d_step {
         asks = NONE;
         if
         :: m == CLAIM -> hearClaim(w, v)
         :: m == LEAVE -> leave(w); tell(p, DONE, w, 0)
         :: m == OUTCOME -> settle(w)
         :: m == DECLINE -> decline(w, v)
         :: m == CLOSED -> died(p)
         fi
       }
       d_step {
         for (z : 0 .. FLIGHTS - 1) {
#ifdef NO_RETRY /* what a dead thread has left is left lying */
           if :: flight[z].phase == ORPHANED && m != CLOSED -> startAgain(z) :: else fi
#else
           if :: flight[z].phase == ORPHANED -> startAgain(z) :: else fi
#endif
         }
       }
       d_step {
         if :: asks != NONE -> want(asks) :: else fi
       }
     }
  :: d_step { invalidations > 0 -> invalidations--; invalidate(0) }
  :: d_step { invalidations > 0 -> invalidations--; invalidate(1) }
  od
}

/* The queue, for one flight: a thread that is not blocked gets it when its turn has come. */
inline handOver(what, me) {
  grant(what, me, NONE);
  lease[l].handed = 1
}

active [FLIGHTS] proctype backlog() {
  byte it = _pid - 1;
end:
  do
  :: d_step { flight[it].phase == QUEUED && thread[0].blocking == NONE -> handOver(it, 0) }
  :: d_step { flight[it].phase == QUEUED && thread[1].blocking == NONE -> handOver(it, 1) }
  od
}

/* ------------------------------------------------------------------ the threads */

#define isBlocked(t) (thread[t].top != NONE && call[thread[t].top].leads == NONE)
#define isFree(t) (!thread[t].dead && thread[t].top == NONE && thread[t].occupant == NONE)

/* The code that awaits the call goes on. */
inline resume(who) {
  if
  :: call[who].parent != NONE && lease[call[who].parent].awaits == who ->
    lease[call[who].parent].awaits = NONE
  :: else
  fi
}

inline unblock(who) {
  assert(thread[call[who].thread].top == who);
  thread[call[who].thread].top = call[who].below
}

inline endComputation(id) {
  lease[id].runs = 0; lease[id].thread = NONE; lease[id].awaits = NONE; lease[id].stopped = 0
}

inline begin(id, me) {
  assert(lease[id].held && lease[id].peer == me);
  lease[id].runs = 1; lease[id].thread = me
}

/* Gives `y`, the call that computes its value under the lease; NONE for a task. */
inline dropLead(id) {
  y = 0;
  do
  :: y < WAITERS && call[y].leads != id -> y++
  :: else -> break
  od;
  if :: y < WAITERS -> call[y].leads = NONE :: else -> y = NONE fi
} /* y */

/* Gives back a lease that was not started, with the arguments. */
inline passOn(me, id) {
  say(me, DECLINE, id, 1);
  dropLead(id);
  over(y)
} /* y */

/* Chosen in the step in which they are used. */
hidden byte k;
hidden mtype how;
inline anyKey() { if :: k = 0 :: k = 1 fi }

inline claim(me, madeFrom) {
  w = MAIN_CALLS;
  do
  :: w < WAITERS && call[w].thread != NONE -> w++
  :: else -> break
  od;
  assert(w < WAITERS);
  call[w].state = WAITING; call[w].mode = how; call[w].key = k; call[w].thread = me;
  call[w].parent = madeFrom;
  if :: madeFrom != NONE -> lease[madeFrom].awaits = w :: else fi;
  if
  :: how == BLOCK ->
    call[w].below = thread[me].top;
    thread[me].top = w;
    say(me, CLAIM, w, thread[me].heard - len(leads[me]));
#ifndef KEEPS_LEASES /* a thread that blocks keeps what it cannot start */
    do
    :: leads[me]?x -> passOn(me, x)
    :: empty(leads[me]) -> break
    od
#endif
  :: else -> say(me, CLAIM, w, 0)
  fi
} /* w x y */

/* The caller has gone. */
inline goAway(who) {
  say(call[who].thread, LEAVE, who, 0);
  call[who].state = LEFT;
  resume(who)
}

inline readLease(me) {
  thread[me].heard++;
  assert(call[w].state != UNUSED);
  if
  :: call[w].state == LEFT -> say(me, DECLINE, v, 0)
  :: call[w].state != LEFT && call[w].mode == BLOCK -> call[w].leads = v; begin(v, me)
  :: call[w].state != LEFT && call[w].mode != BLOCK ->
#ifndef KEEPS_LEASES
    if
    :: isBlocked(me) -> say(me, DECLINE, v, 1)
    :: else -> call[w].leads = v; leads[me]!v
    fi
#else
    call[w].leads = v; leads[me]!v
#endif
  fi
} /* the message: v w */

/* A computation is told to stop. Its calls leave. */
inline readCancel(me) {
  bad = leads[me]??[eval(v)];
  if
  :: bad -> leads[me]??eval(v); passOn(me, v)
  :: else ->
    lease[v].stopped = lease[v].runs;
    for (x : 0 .. WAITERS - 1) {
      if
      :: lease[v].runs && call[x].state == WAITING && call[x].parent == v ->
        if :: call[x].mode == BLOCK && call[x].leads == NONE -> unblock(x) :: else fi;
        goAway(x)
      :: else
      fi
    }
  fi
} /* the message, x y */

inline read(me) {
  told[me]?m, w, v;
  if
  :: m == VALUE ->
    assert(call[w].state != UNUSED && (call[w].state == LEFT || call[w].leads == NONE));
    if
    :: call[w].state == WAITING ->
      if :: call[w].mode == BLOCK -> unblock(w) :: else fi;
      resume(w);
      call[w].state = UNUSED;
      over(w)
    :: else
    fi
  :: m == LEASE -> readLease(me)
  :: m == CANCEL -> readCancel(me)
  :: m == DONE ->
    assert(call[w].state == LEFT);
    call[w].state = UNUSED;
    over(w)
  fi
} /* m v w x y */

inline die(me) {
  for (x : 0 .. LEASES - 1) {
    if :: lease[x].thread == me -> endComputation(x) :: else fi
  }
  do
  :: leads[me]?_
  :: empty(leads[me]) -> break
  od;
  thread[me].dead = 1; thread[me].top = NONE; thread[me].heard = 0;
  thread[me].occupant = NONE;
  say(me, CLOSED, 0, 0)
} /* x */

#define isTold(id, t) (lease[id].held && lease[id].cancelled && lease[id].peer == t)
#define isWanted(id, t) (lease[id].held && !lease[id].cancelled && lease[id].peer == t)
#define anyOf(what, t) (what(0, t) || what(1, t) || what(2, t) || what(3, t) || what(4, t))
#ifdef ONLY_UNWANTED /* a thread is not replaced while anything in it is wanted */
#define isSilent(t) (thread[t].occupant != NONE && anyOf(isTold, t) && !anyOf(isWanted, t))
#else
#define isSilent(t) (thread[t].occupant != NONE && anyOf(isTold, t))
#endif

active [THREADS] proctype worker() {
  byte it = _pid - 1 - FLIGHTS;
end:
  do
  :: d_step { !thread[it].dead && thread[it].occupant == NONE && nempty(told[it]) -> read(it) }
#if HANGS > 0
  :: d_step { !thread[it].dead && isSilent(it) -> die(it) }
#endif
  :: d_step { deaths > 0 && !thread[it].dead -> deaths--; die(it) }
  :: atomic {
       strays > 0 && isFree(it) -> strays--; anyKey();
       if :: how = LEAD :: how = BLOCK fi;
       d_step { claim(it, NONE) }
     }
  od
}

/* An abort, on either side. A call that blocks cannot be left. */
active [WAITERS] proctype caller() {
  byte it = _pid - 1 - FLIGHTS - THREADS;
end:
  do
  :: d_step { leaves > 0 && call[it].state == WAITING && call[it].thread == MAIN ->
       leaves--; call[it].state = UNUSED; leave(it) }
  :: d_step { leaves > 0 && call[it].state == WAITING && call[it].mode != BLOCK &&
              call[it].thread < MAIN && isFree(call[it].thread) -> leaves--; goAway(it) }
#ifndef KEEPS_CALLS /* an abandoned computation keeps what it has called wanted */
  :: d_step { call[it].flight != NONE && call[it].from != NONE && lease[call[it].from].cancelled ->
       forsake(it) }
#endif
  od
}

inline finish(id) {
  w = lease[id].thread;
  say(w, OUTCOME, id, 0);
  dropLead(id);
  if
  :: y != NONE ->
    if :: call[y].mode == BLOCK -> unblock(y) :: else fi;
    if :: call[y].state == WAITING -> resume(y); call[y].state = UNUSED :: else fi;
    over(y)
  :: else
  fi;
  endComputation(id)
} /* w y */

#define goesOn(id) (lease[id].runs && lease[id].awaits == NONE && \
  thread[lease[id].thread].occupant == NONE && \
  (thread[lease[id].thread].top == NONE || call[thread[lease[id].thread].top].leads == id))
#define canCall(id) (goesOn(id) && calls > 0 && !lease[id].stopped)
/* What computes for a call that blocks awaits nothing. */
#define canAwait(id) (thread[lease[id].thread].top == NONE)

active [LEASES] proctype computation() {
  byte it = _pid - 1 - FLIGHTS - THREADS - WAITERS;
end:
  do
  :: d_step { lease[it].handed && isFree(lease[it].peer) -> lease[it].handed = 0; begin(it, lease[it].peer) }
  :: d_step { isFree(0) && leads[0]?[eval(it)] -> leads[0]?_; begin(it, 0) }
  :: d_step { isFree(1) && leads[1]?[eval(it)] -> leads[1]?_; begin(it, 1) }
  :: d_step { goesOn(it) -> finish(it) }
#if HANGS > 0
  :: d_step { hangs > 0 && goesOn(it) -> hangs--; thread[lease[it].thread].occupant = it }
#endif
  :: atomic {
       canCall(it) -> calls--; anyKey();
       if
       :: how = BLOCK
       :: canAwait(it) -> how = LEAD
       :: canAwait(it) -> how = WAIT
       fi;
       d_step { claim(lease[it].thread, it) }
     }
  od
}

/*
 * Gives `y`: a call of the coordinator's thread that waits, in the end, for what never comes back;
 * NONE if there is none.
 */
inline waitsForEver() {
  y = NONE;
  for (x : 0 .. MAIN_CALLS - 1) {
    r = (call[x].flight == NONE -> 0 : 1 << call[x].flight);
    grown = 1;
    do
    :: grown ->
      grown = 0;
      for (i : 0 .. FLIGHTS - 1) {
        if
        :: ((r >> i) & 1) && flight[i].phase == LEASED ->
          n = flight[i].lease;
          if :: thread[lease[n].peer].occupant == n -> y = x :: else fi;
          for (j : 0 .. WAITERS - 1) {
            if
            :: call[j].flight != NONE && call[j].from == n && !((r >> call[j].flight) & 1) ->
              r = r | (1 << call[j].flight); grown = 1
            :: else
            fi
          }
        :: else
        fi
      }
    :: else -> break
    od
  }
} /* i j n r x y */

/* Nothing more can happen: callers give up what never comes back, and no other call may be waiting. */
active proctype atRest() {
end:
  do
  :: d_step {
       timeout && !atEnd;
#if HANGS > 0
       waitsForEver();
#else
       y = NONE;
#endif
       if
       :: y != NONE -> call[y].state = UNUSED; leave(y)
       :: else ->
         atEnd = 1;
         for (i : 0 .. WAITERS - 1) {
           assert(call[i].state == UNUSED && call[i].leads == NONE && !call[i].known)
         }
         for (i : 0 .. FLIGHTS - 1) { assert(flight[i].phase == SETTLED) }
         for (i : 0 .. LEASES - 1) { assert(!lease[i].held && !lease[i].runs) }
         assert(live[0] == NONE && live[1] == NONE)
       fi
     }
  od
}
