/*
 * Who begins a key without asking: a model of the words of `src/arena/begun-words.ts`, of which spin tries
 * every order of events. `spin.sh` checks it, and that each broken rule is found.
 *
 * What stands for what:
 * - `word` is a key's word: a version and an owner. All keys share it here, which is the worst case.
 * - A thread makes a few calls, one after the other (`Begins`, `ThreadSide`). It loads the word, looks for
 *   the value, posts its claim, and exchanges the word: four steps, between which anything may happen.
 * - `said` is a thread's port. The coordinator reads any thread's next message, and handles it in as many
 *   steps as it looks at the word (`BegunKeys`, `receive.ts`, `Flights`). It makes calls of its own, which a thread computes that is
 *   neither of these: it may end at any time.
 *
 * What holds: of a key no two computations go on that began after the last invalidation; nothing is
 * computed while its value is there; nothing is kept that began before an invalidation; every call is
 * answered; and at rest the word has no owner.
 *
 * Left out: what else may happen to a flight (`flights.pml`): a claim that was begun is a lease from when
 * it is read. Each `#ifdef` breaks one rule, and spin must find out.
 */

#ifndef CALLS /* of each thread */
#define CALLS 2
#endif
#ifndef MAIN_CALLS
#define MAIN_CALLS 1
#endif
#ifndef INVALIDATIONS
#define INVALIDATIONS 1
#endif
#ifndef DEATHS
#define DEATHS 0
#endif

#define THREADS 2
#define KEYS 2
#define NONE 7
#define OTHER 6 /* the thread that computes for the coordinator's calls */
#define FREE 0
#define COORDINATOR 1
#define OWNER(w) ((w) % 8)
#define THREAD(w) (OWNER(w) - 2)
#ifdef NO_VERSION
#define NEXT(w, o) (o)
#else
#define NEXT(w, o) (((w) / 8 + 1) * 8 + (o))
#endif

mtype = { CLAIM, OUTCOME };

short word = 0;
byte count;                 /* live flights */
bit stored[KEYS];
byte live[KEYS] = NONE;     /* the thread that leads the key's live flight */
bit waits[4];               /* of each thread: its call waits for the live flight of its key */

typedef Thread {
  byte key = NONE;          /* of its call */
  bit begun;                /* it computes */
  bit leads;                /* the coordinator knows that */
  bit fenced;               /* its flight is not live any more */
  bit old;                  /* ghost: it began before an invalidation */
  bit lease;                /* it was told to compute */
  bit answered;
  bit dead;
};
Thread thread[THREADS];
bit other[KEYS];            /* is computed for the coordinator's call */

/* CLAIM(key, the word that the thread would make it), OUTCOME(key) */
chan said[THREADS] = [4] of { mtype, byte, short };

byte mainCalls = MAIN_CALLS, invalidations = INVALIDATIONS, deaths = DEATHS;
byte calls[THREADS] = CALLS;
/* Scratch: means nothing between two steps. */
byte i, k, t, own, key1;
short to;

#define BUSY(n, key0) (thread[n].begun && thread[n].key == (key0) && !thread[n].old && !thread[n].dead)

/* What a computation's start must be. */
inline checkStart(key0) {
  assert(!stored[key0]);
  assert(BUSY(0, key0) + BUSY(1, key0) + other[key0] == 0)
}

inline settle() {
  if
  :: count > 0 -> word = NEXT(word, COORDINATOR)
  :: else -> word = NEXT(word, FREE)
  fi
}

inline enter(key0, who) {
  live[key0] = who;
  count++;
  if
  :: OWNER(word) == FREE -> word = NEXT(word, COORDINATOR)
  :: else
  fi
}

inline leave(key0) {
  live[key0] = NONE;
  count--;
  if
  :: count == 0 && OWNER(word) == COORDINATOR -> word = NEXT(word, FREE)
  :: else
  fi
}

/* The claim of thread t for k, which has begun. */
inline applyBegun() {
  if
  :: stored[k] -> thread[t].answered = 1
  :: else ->
    assert(live[k] == NONE);
    enter(k, t);
    thread[t].leads = 1
  fi;
  settle()
}

/* Before a flight is looked for: in two steps, between which threads go on. */
inline hold() {
#ifdef NO_HOLD
  skip
#else
  atomic {
    count++;
    if
    :: OWNER(word) == FREE -> word = NEXT(word, COORDINATOR)
    :: else
    fi
  }
#endif
}

inline letGo() {
#ifdef NO_HOLD
  skip
#else
  count--;
  if
  :: count == 0 && OWNER(word) == COORDINATOR -> word = NEXT(word, FREE)
  :: else
  fi
#endif
}

inline heed() {
#ifdef NO_READ_AHEAD
  skip
#else
  if
  :: OWNER(word) >= 2 ->
    t = THREAD(word);
    if
    :: said[t]??[CLAIM, 0, eval(word)] -> k = 0; said[t]??CLAIM, 0, eval(word); applyBegun()
    :: said[t]??[CLAIM, 1, eval(word)] -> k = 1; said[t]??CLAIM, 1, eval(word); applyBegun()
    :: else -> settle()
    fi
  :: else
  fi
#endif
}

inline answer(key0) {
  for (i : 0 .. THREADS - 1) {
    if
    :: waits[i] && thread[i].key == key0 -> waits[i] = 0; thread[i].answered = 1
    :: else
    fi
  }
  i = 0
}

/* What thread t has said. */
inline hear() {
  if
  :: atomic { said[t]?OUTCOME(k, to) ->
    if
    :: thread[t].leads && !thread[t].fenced ->
      assert(!thread[t].old);
      stored[k] = 1;
      leave(k);
      answer(k)
    :: else
    fi;
    thread[t].leads = 0;
    thread[t].fenced = 0;
    thread[t].begun = 0;
    thread[t].answered = 1 }
  :: said[t]?CLAIM(k, to) ->
    if
    :: atomic { to > 0 && word == to -> applyBegun() }
    :: atomic { !(to > 0 && word == to) ->
      if
      :: to > 0 && OWNER(word) == FREE && NEXT(word, OWNER(to)) == to -> word = NEXT(word, FREE)
      :: else
      fi;
      own = t;
      key1 = k }
      if
      :: atomic { stored[key1] -> thread[own].answered = 1 }
      :: !stored[key1] ->
        hold();
        atomic { heed() };
        atomic {
          if
          :: live[key1] == NONE -> enter(key1, own); thread[own].leads = 1; thread[own].lease = 1
          :: else -> waits[own] = 1
          fi;
          letGo()
        }
      fi
    fi
  fi
}

inline fence(key0) {
  if
  :: live[key0] != NONE ->
    if
    :: live[key0] < THREADS -> thread[live[key0]].fenced = 1
    :: else
    fi;
    leave(key0)
  :: else
  fi
}

/* The waiters of a flight whose thread died: one of them computes it. */
inline retry(key0) {
  for (i : 0 .. THREADS - 1) {
    if
    :: waits[i] && thread[i].key == key0 && live[key0] == NONE && !thread[i].dead ->
      waits[i] = 0;
      enter(key0, i);
      thread[i].leads = 1;
      thread[i].lease = 1
    :: else
    fi
  }
  i = 0
}

active proctype Coordinator() {
  byte inv;
  do
  :: len(said[0]) > 0 -> t = 0; hear()
  :: len(said[1]) > 0 -> t = 1; hear()
  /* A call of its own. */
  :: atomic { mainCalls > 0 -> mainCalls--;
      inv = 0;
      if :: inv = 0 :: inv = 1 fi }
      if
      :: stored[inv] -> skip
      :: !stored[inv] ->
        hold();
        atomic { heed() };
        atomic {
          if
          :: live[inv] == NONE -> checkStart(inv); enter(inv, OTHER); other[inv] = 1
          :: else -> skip
          fi;
          letGo()
        }
      fi
  :: atomic { other[0] -> other[0] = 0;
      if :: live[0] == OTHER -> stored[0] = 1; leave(0); answer(0) :: else fi }
  :: atomic { other[1] -> other[1] = 0;
      if :: live[1] == OTHER -> stored[1] = 1; leave(1); answer(1) :: else fi }
  /* Of one key. What waits for the flight still waits for it: here it is as if it had been answered. */
  :: atomic { invalidations > 0 -> invalidations--;
      inv = 0;
      if :: inv = 0 :: inv = 1 fi;
      for (i : 0 .. THREADS - 1) {
        if :: thread[i].begun && thread[i].key == inv -> thread[i].old = 1 :: else fi
      }
      i = 0;
      other[inv] = 0;
#ifndef NO_HEED
      heed();
#endif
      fence(inv);
      answer(inv);
      stored[inv] = 0
    }
  /* It has read all that the thread has said. */
  :: atomic { deaths > 0 && len(said[0]) == 0 && !thread[0].dead -> deaths--;
      thread[0].dead = 1;
      waits[0] = 0;
      if
      :: thread[0].leads && !thread[0].fenced -> k = thread[0].key; leave(k); retry(k)
      :: else
      fi
    }
  :: atomic { timeout ->
      for (i : 0 .. THREADS - 1) {
        assert(thread[i].dead || (calls[i] == 0 && thread[i].key == NONE))
      }
      i = 0;
      assert(count == 0);
      assert(OWNER(word) == FREE || (thread[0].dead && THREAD(word) == 0));
      break }
  od
}

proctype Worker(byte me) {
  short before;
  bit absent;
  byte key0;
end:
  do
  :: thread[me].dead -> break
  :: atomic { !thread[me].dead && calls[me] > 0 && thread[me].key == NONE ->
      calls[me]--;
      if :: key0 = 0 :: key0 = 1 fi;
      thread[me].key = key0;
      thread[me].answered = 0 }
#ifdef LOOKS_FIRST
    atomic { absent = !stored[key0] }
    atomic { before = word }
#else
    atomic { before = word }
    atomic { absent = !stored[key0] }
#endif
    if
    :: atomic { thread[me].dead -> break }
    :: atomic { !thread[me].dead && !absent -> thread[me].key = NONE }
    :: atomic { !thread[me].dead && absent && OWNER(before) != FREE -> said[me]!CLAIM, key0, 0 }
    :: atomic { !thread[me].dead && absent && OWNER(before) == FREE ->
#ifdef POSTS_LATE
      skip }
#else
      said[me]!CLAIM, key0, NEXT(before, me + 2) }
#endif
      atomic {
        if
        :: !thread[me].dead && word == before ->
          word = NEXT(before, me + 2);
          checkStart(key0);
          thread[me].begun = 1;
          thread[me].old = 0
        :: else
        fi
      }
#ifdef POSTS_LATE
      said[me]!CLAIM, key0, NEXT(before, me + 2)
#endif
    fi;
    do
    :: thread[me].dead -> break
    :: thread[me].key == NONE -> break
    :: atomic { !thread[me].dead && thread[me].lease && !thread[me].begun ->
        thread[me].lease = 0;
        if :: !thread[me].fenced -> checkStart(key0) :: else fi;
        thread[me].begun = 1;
        thread[me].old = thread[me].fenced }
    :: atomic { !thread[me].dead && thread[me].begun && nfull(said[me]) ->
        said[me]!OUTCOME, key0, 0;
        do
        :: thread[me].dead -> break
        :: !thread[me].begun -> break
        od;
        thread[me].key = NONE }
    :: atomic { thread[me].answered && !thread[me].begun && !thread[me].lease && thread[me].key != NONE ->
        thread[me].key = NONE }
    od
  od
}

init {
  atomic { run Worker(0); run Worker(1) }
}
