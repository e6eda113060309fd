/*
 * Stale values, their refreshes, and tags: a model of one key of which spin tries every order of events.
 * `spin.sh` checks it, and that each broken rule is found.
 *
 * What stands for what:
 * - `entry` is the key's entry in shared memory, with its age: fresh, stale (answered at once), old (answered only
 *   if its computation fails). A reader looks at it by itself, or has it near, and then looks at its version
 *   only (`FunctionReads`). It asks for a refresh if the word in the entry lets it (`terms.ts`).
 * - `said` is what readers have said to the coordinator, which handles one message, one outcome, or one
 *   invalidation at a time (`Coordinator`, `Refreshes`, `StaleAnswers`, `Invalidations`).
 * - A flight is one computation. It may succeed or fail. Every value has the one tag, which is known when it
 *   is there (`tag-log.ts`).
 *
 * What holds: no call is answered with what began before an invalidation that came before the call; no
 * stale value is answered after an invalidation; of the key one computation at most goes on that no invalidation
 * has fenced; nothing is kept that began before an invalidation; and every call is answered.
 *
 * Left out: threads that die, tiers, time limits, and what else may happen to a flight (`flights.pml`). Each
 * `#ifdef` breaks one rule, and spin must find out.
 */

#ifndef CALLS /* of each reader */
#define CALLS 2
#endif
#ifndef INVALIDATIONS
#define INVALIDATIONS 1
#endif
#ifndef TAGS /* invalidations of the tag */
#define TAGS 1
#endif
#ifndef FAILS
#define FAILS 1
#endif
#ifndef ENDS /* how often an entry grows older */
#define ENDS 2
#endif

#define READERS 2
#define FLIGHTS 4
#define NONE 7

#define FRESH 1
#define STALE 2
#define OLD 3

mtype = { REFRESH, CALL };

byte age = 0;               /* of the entry; 0 when there is none */
byte began = 0;             /* ghost: how many invalidations there had been when its computation began */
byte version = 0;
bit asked = 0;              /* a refresh was asked for */
byte gone = 0;              /* ghost: invalidations, of the key or of the tag */
byte tags = 0;              /* those of the tag */

typedef Flight {
  bit on;
  bit live;
  bit refresh;              /* it needs no waiter */
  bit fenced;
  byte began;               /* ghost */
  byte since;               /* invalidations of the tag when its lease was granted */
  bit hasStale;             /* a value that answers if it fails */
  byte staleBegan;          /* ghost: of that */
};
Flight flight[FLIGHTS];

typedef Reader {
  byte waits = NONE;        /* the flight that answers its call */
  byte since;               /* invalidations of the tag when the coordinator heard of the call */
  bit takesStale;
  byte from;                /* ghost: invalidations when the call began */
  bit answered;
  byte near = NONE;         /* the version of what it has near */
  byte nearBegan;
};
Reader reader[READERS];

chan said = [4] of { mtype, byte };
byte calls[READERS] = CALLS;
byte invalidations = INVALIDATIONS, tagsLeft = TAGS, fails = FAILS, ends = ENDS;
/* Scratch: means nothing between two steps. */
byte f, i, r, live;
bit wanted;

#define CHECK(b, n) assert((b) >= reader[n].from)

inline findLive() {
  live = NONE;
  for (i : 0 .. FLIGHTS - 1) {
    if
    :: flight[i].on && flight[i].live -> live = i
    :: else
    fi
  }
  i = 0
}

/* In `f`. The one rule that is checked here: another one is not under way. */
inline open() {
  f = 0;
  do
  :: f < FLIGHTS && flight[f].on -> f++
  :: else -> break
  od;
  assert(f < FLIGHTS);
  for (i : 0 .. FLIGHTS - 1) {
    assert(!(flight[i].on && !flight[i].fenced && flight[i].began == gone))
  }
  i = 0;
  flight[f].on = 1;
  flight[f].live = 1;
  flight[f].refresh = 0;
  flight[f].fenced = 0;
  flight[f].began = gone;
  flight[f].since = tags;
  flight[f].hasStale = 0;
  flight[f].staleBegan = 0
}

inline close(n) {
  flight[n].on = 0;
  flight[n].live = 0;
  flight[n].refresh = 0;
  flight[n].fenced = 0;
  flight[n].hasStale = 0;
  flight[n].began = 0;
  flight[n].since = 0;
  flight[n].staleBegan = 0
}

inline answer(n) {
  reader[n].waits = NONE;
  reader[n].takesStale = 0;
  reader[n].since = 0;
  reader[n].answered = 1
}

/* Call `r` waits for the live flight, or opens one; what is old answers it if that fails. */
inline wait() {
  findLive();
  if
  :: live == NONE -> open(); live = f; f = 0
  :: else
  fi;
  reader[r].waits = live;
  reader[r].since = tags;
  if
  :: age == OLD || age == STALE ->
    reader[r].takesStale = 1;
    if
    :: !flight[live].hasStale -> flight[live].hasStale = 1; flight[live].staleBegan = began
    :: else
    fi
  :: else
  fi;
  live = 0
}

inline forget() {
  age = 0;
  began = 0;
  asked = 0;
  version++
}

/* Of flight n. A refresh that no call waits for is not needed any more. */
inline fence(n) {
  flight[n].live = 0;
  flight[n].fenced = 1;
#ifndef KEEPS_STALE
  flight[n].hasStale = 0;
#endif
  wanted = 0;
  for (i : 0 .. READERS - 1) {
    if
    :: reader[i].waits == n -> wanted = 1
    :: else
    fi
  }
  i = 0;
#ifndef STORES_LATE
  if
  :: !wanted && flight[n].refresh -> close(n)
  :: else
  fi;
#endif
  wanted = 0
}

inline succeeds() {
  /* Whether a tag was invalidated is known now: those who asked later wait for another one. */
  for (r : 0 .. READERS - 1) {
    if
    :: reader[r].waits == f ->
      if
#ifndef ANSWERS_LATER
      :: reader[r].since > flight[f].since -> skip
#endif
      :: else -> CHECK(flight[f].began, r); answer(r)
      fi
    :: else
    fi
  }
  r = 0;
  if
#ifdef STORES_LATE
  :: flight[f].since == tags ->
#else
#ifdef NO_LOG
  :: !flight[f].fenced ->
#else
  :: !flight[f].fenced && flight[f].since == tags ->
#endif
#endif
    assert(flight[f].began == gone);
    age = FRESH;
    began = flight[f].began;
    asked = 0;
    version++
  :: else
  fi;
  again()
}

inline failed() {
  for (r : 0 .. READERS - 1) {
    if
    :: reader[r].waits == f ->
      if
      :: reader[r].takesStale && flight[f].hasStale ->
        assert(flight[f].staleBegan == gone);
        answer(r)
#ifndef ANSWERS_LATER
      :: !(reader[r].takesStale && flight[f].hasStale) && reader[r].since > flight[f].since -> skip
#endif
      :: else -> CHECK(flight[f].began, r); answer(r)
      fi
    :: else
    fi
  }
  r = 0;
  asked = 0;
  again()
}

/* The flight has ended; who still waits for it waits for another one. */
inline again() {
  close(f);
  wanted = 0;
  for (r : 0 .. READERS - 1) {
    if
    :: reader[r].waits == f -> reader[r].waits = NONE; wanted = 1; reader[r].takesStale = 0
    :: else
    fi
  }
  own = f;
  for (r : 0 .. READERS - 1) {
    if
    :: wanted && reader[r].waits == NONE && !reader[r].answered && reader[r].since > 0 -> wait()
    :: else
    fi
  }
  r = 0;
  f = 0;
  own = 0;
  wanted = 0
}

active proctype Coordinator() {
  byte own;
  do
  :: atomic { said?REFRESH(r) ->
      findLive();
      if
#ifdef TWICE
      :: age == STALE ->
#else
      :: live == NONE && age == STALE ->
#endif
        open();
        flight[f].refresh = 1;
        flight[f].hasStale = 1;
        flight[f].staleBegan = began;
        f = 0
      :: else
      fi;
      live = 0;
      r = 0 }
  :: atomic { said?CALL(r) ->
      if
      :: age == FRESH || age == STALE -> CHECK(began, r); answer(r)
      :: else -> wait()
      fi;
      r = 0 }
  /* Outcomes. */
  :: atomic { flight[0].on -> f = 0; if :: succeeds() :: fails > 0 -> fails--; failed() fi }
  :: atomic { flight[1].on -> f = 1; if :: succeeds() :: fails > 0 -> fails--; failed() fi }
  :: atomic { flight[2].on -> f = 2; if :: succeeds() :: fails > 0 -> fails--; failed() fi }
  :: atomic { flight[3].on -> f = 3; if :: succeeds() :: fails > 0 -> fails--; failed() fi }
  :: atomic { invalidations > 0 -> invalidations--;
      gone++;
      findLive();
      if
      :: live != NONE -> fence(live)
      :: else
      fi;
      live = 0;
      forget() }
  /* Of all flights it is known when they end; but stale values that are gone answer no call. */
  :: atomic { tagsLeft > 0 -> tagsLeft--;
      gone++;
      tags++;
      forget();
      findLive();
      if
#ifdef TAG_KEEPS_STALE
      :: false
#else
      :: live != NONE && flight[live].hasStale -> fence(live)
#endif
      :: else
      fi;
      live = 0 }
  :: atomic { ends > 0 && age != 0 -> ends--;
      if
      :: age == OLD -> forget()
      :: else -> age++
      fi }
  :: atomic { timeout ->
      for (i : 0 .. READERS - 1) { assert(calls[i] == 0 && reader[i].waits == NONE) }
      i = 0;
      break }
  od
}

proctype Looks(byte me) {
  bit due;
end:
  do
  :: atomic { calls[me] > 0 -> calls[me]--;
      reader[me].from = gone;
      reader[me].answered = 0 }
    if
    /* What it has near, while its version says that it is the entry. */
#ifdef NEAR_BLIND
    :: atomic { reader[me].near != NONE -> CHECK(reader[me].nearBegan, me); reader[me].answered = 1 }
#else
    :: atomic { reader[me].near == version && age == FRESH ->
        CHECK(reader[me].nearBegan, me);
        reader[me].answered = 1 }
#endif
    :: atomic { age == FRESH || age == STALE ->
        CHECK(began, me);
        reader[me].near = version;
        reader[me].nearBegan = began;
        reader[me].answered = 1;
        due = age == STALE && !asked;
        if
        :: due -> asked = 1
        :: else
        fi }
      if
      :: atomic { due -> due = 0; said!REFRESH, me }
      :: else
      fi
    :: atomic { age == 0 || age == OLD -> said!CALL, me }
      reader[me].answered
    fi
  od
}

init {
  atomic { run Looks(0); run Looks(1) }
}
