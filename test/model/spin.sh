#!/usr/bin/env bash
# Has spin check the protocol in every order of events: that the models beside this file hold, and
# that it finds an error in each that breaks a rule on purpose. Needs spin and gcc.
set -euo pipefail
cd "$(dirname "$0")"

# A model, and how many calls, deaths and so on there are.
holds=(
  'flights -DMAIN_CALLS=1 -DSTRAYS=2 -DCALLS=1'
  'flights -DMAIN_CALLS=2 -DCALLS=2'
  'flights -DSTRAYS=2 -DCALLS=2'
  'flights -DMAIN_CALLS=1 -DSTRAYS=1 -DCALLS=1 -DDEATHS=1'
  'flights -DMAIN_CALLS=1 -DSTRAYS=1 -DCALLS=1 -DLEAVES=1'
  'flights -DMAIN_CALLS=1 -DSTRAYS=1 -DCALLS=1 -DINVALIDATIONS=1'
  'flights -DMAIN_CALLS=2 -DCALLS=2 -DHANGS=1'
  'flights -DMAIN_CALLS=2 -DCALLS=1 -DHANGS=1 -DLEAVES=1'
  'flights -DMAIN_CALLS=2 -DCALLS=1 -DHANGS=1 -DDEATHS=1'
  'flights -DMAIN_CALLS=1 -DCALLS=1 -DHANGS=1 -DONLY_UNWANTED'
  'shifts -DSTRAYS=1 -DTAKES=1'
  'shifts -DTAKES=1 -DDEATHS=1'
  'shifts -DTHREADS=2'
  'records -DREADS=4 -DINVALIDATIONS=3 -DOWED=2'
  'begun -DINVALIDATIONS=0'
  'begun -DMAIN_CALLS=0'
  'begun -DCALLS=1 -DDEATHS=1'
  'fresh'
  'depends -DCALLS=2'
  'depends -DINVALIDATIONS=3 -DEVICTIONS=2'
  'where -DMAIN_CALLS=2 -DCALLS=2 -DDEATHS=1'
  'where -DMAIN_CALLS=2 -DCALLS=2 -DLEAVES=1'
  'where -DMAIN_CALLS=2 -DCALLS=3 -DTHREADS=1'
  'where -DMAIN_CALLS=1 -DCALLS=3 -DKIND_B=ON_MAIN'
  'where -DMAIN_CALLS=2 -DCALLS=2 -DKIND_A=ON_MAIN -DLEAVES=1'
  'where -DMAIN_CALLS=2 -DCALLS=2 -DKIND_A=CALLER -DDEATHS=1'
  'where -DMAIN_CALLS=2 -DCALLS=2 -DKIND_A=CALLER -DKIND_B=ON_MAIN -DDEATHS=1 -DLEAVES=1'
  'where -DMAIN_CALLS=2 -DCALLS=2 -DKIND_B=CALLER -DTHREADS=1 -DDEATHS=1'
  'awaiting -DGATE=1 -DCALLS=1'
  'awaiting -DTHREADS=2 -DHANGS=1'
  'awaiting -DHANGS=1 -DCALLS=1'
  'awaiting -DGATE=2 -DDEATHS=1'
)
# A rule that is broken, and the model that must show it. What each does stands at its `#ifdef`.
broken=(
  'NO_SEARCH flights -DMAIN_CALLS=1 -DSTRAYS=2 -DCALLS=1'
  'KEEPS_LEASES flights -DMAIN_CALLS=1 -DSTRAYS=2 -DCALLS=1'
  'ALL_COME_BACK flights -DMAIN_CALLS=1 -DSTRAYS=2 -DCALLS=1'
  'NOT_WITHDRAWN flights -DMAIN_CALLS=1 -DSTRAYS=1 -DCALLS=1'
  'NO_RETRY flights -DMAIN_CALLS=1 -DSTRAYS=1 -DCALLS=1 -DDEATHS=1'
  'NO_FENCE flights -DMAIN_CALLS=1 -DSTRAYS=1 -DCALLS=1 -DINVALIDATIONS=1'
  'BY_KEY flights -DMAIN_CALLS=1 -DSTRAYS=1 -DCALLS=1 -DINVALIDATIONS=1'
  'ONLY_UNWANTED flights -DMAIN_CALLS=2 -DCALLS=1 -DHANGS=1'
  'KEEPS_CALLS flights -DMAIN_CALLS=1 -DCALLS=1 -DHANGS=1 -DONLY_UNWANTED'
  'LOST_WAKE shifts'
  'REST_IS_LOST shifts'
  'DEAF shifts -DSTRAYS=1'
  'LEFT_LYING shifts'
  'TAKEN_TWICE shifts -DTAKES=1'
  'OLD_SNAPSHOT records'
  'NO_LOOK records'
  'NOT_RAISED records'
  'KEPT_BLINDLY records'
  'KEPT_UNDERWAY records'
  'NO_HOLD begun -DINVALIDATIONS=0 -DCALLS=1'
  'NO_READ_AHEAD begun -DINVALIDATIONS=0 -DCALLS=1'
  'NO_VERSION begun'
  'POSTS_LATE begun -DINVALIDATIONS=0 -DCALLS=1'
  'LOOKS_FIRST begun -DINVALIDATIONS=0'
  'NO_HEED begun -DMAIN_CALLS=0 -DCALLS=1'
  'STORES_LATE fresh'
  'KEEPS_STALE fresh'
  'TWICE fresh'
  'NO_LOG fresh'
  'ANSWERS_LATER fresh'
  'TAG_KEEPS_STALE fresh'
  'NEAR_BLIND fresh'
  'NOT_NOTED depends'
  'NOT_TOLD depends'
  'STORES_LATE depends'
  'ANSWERS_LATER depends'
  'KEEPS_FENCED depends'
  'JOINS_FENCED depends'
  'MARKS_WHAT_IS_THERE depends'
  'NOT_SWEPT depends'
  'NEAR_BLIND depends -DCALLS=2'
  'SLOT_LOST where -DMAIN_CALLS=2 -DCALLS=1 -DDEATHS=1'
  'TWO_SIDES where -DMAIN_CALLS=2 -DCALLS=1 -DKIND_A=CALLER'
  'TAKEN_NOT_BACK where -DMAIN_CALLS=2 -DCALLS=2 -DKIND_A=CALLER'
  'NO_CIRCLES where -DMAIN_CALLS=2 -DCALLS=2'
  'JOINS_UNSEEN where -DMAIN_CALLS=2 -DCALLS=2'
  'QUEUED_FIRST where -DMAIN_CALLS=2 -DCALLS=1 -DTHREADS=1'
  'NO_SHARE where -DMAIN_CALLS=1 -DCALLS=1'
  'EARLY_SLOT where -DMAIN_CALLS=2 -DCALLS=1 -DLEAVES=1'
  'NO_HELP where -DMAIN_CALLS=1 -DCALLS=2 -DTHREADS=1 -DKIND_B=ON_MAIN'
  'BLIND_HERE where -DMAIN_CALLS=1 -DCALLS=3 -DKIND_B=ON_MAIN'
  'NO_PAUSE awaiting -DGATE=1'
  'GIVES_EARLY awaiting -DGATE=1'
  'NOT_FREED awaiting'
  'TOLD_ONCE awaiting -DCALLS=1'
  'LOST_AWAITING awaiting -DHANGS=1'
  'STILL_BUSY awaiting -DHANGS=1'
)

if ! { command -v spin && command -v gcc; } > /dev/null; then
  echo 'THE PROTOCOL IS NOT CHECKED: it needs spin and gcc (Debian: apt-get install spin gcc)' >&2
  [ -z "${CI:-}" ]
  exit
fi

# Generates, compiles and runs one verifier: its report comes out. An error is found before a
# verifier that was compiled well would be ready.
verify() {
  local model=$PWD/$1.pml dir speed=$2
  dir=$(mktemp -d "$work/XXXX")
  shift 2
  (
    cd "$dir"
    spin -a "$@" "$model" > /dev/null
    gcc "$speed" -w -DSAFETY -DCOLLAPSE -DVECTORSZ=1024 -DMEMLIM=2000 -o pan pan.c
    ./pan -m1000000 -w22 || true
  )
}

# A search that has come to its end, or to an error in what the model says rather than in itself.
judge() {
  local kind=$1 report found
  shift
  if [ "$kind" = broken ]; then
    report=$(verify "$2" -O0 "${@:3}" "-D$1")
  else
    report=$(verify "$1" -O1 "${@:2}")
  fi
  found=$(grep --max-count 1 --extended-regexp '^pan:1: ' <<< "$report" || true)
  local size
  size=$(grep --extended-regexp --only-matching '[0-9]+ states, stored' <<< "$report" || true)
  size="${size%% *} states, $(grep --only-matching 'elapsed time [0-9.]*' <<< "$report" | cut -d' ' -f3) s, $(
    sed -nE 's/^ *([0-9]+)\.[0-9]+\ttotal actual memory usage/\1/p' <<< "$report") MB"
  if [ "$kind" = holds ] && grep -q 'errors: 0' <<< "$report" && [ -z "$found" ] &&
    ! grep -qE 'not completed|too small' <<< "$report"; then
    echo "holds: $* ($size)"
  elif [ "$kind" = broken ] && grep -qE 'assertion violated|invalid end state' <<< "$found" &&
    ! grep -qE 'nfull|array index|[lfw]<' <<< "$found"; then
    echo "found: $1"
  else
    printf 'NOT AS IT SHOULD BE: %s %s\n%s\n' "$kind" "$*" "$report" >&2
    return 1
  fi
}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export work
export -f verify judge
{
  printf 'holds %s\n' "${holds[@]}"
  printf 'broken %s\n' "${broken[@]}"
} | xargs -P 2 -I {} bash -euo pipefail -c 'judge {}'
