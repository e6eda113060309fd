#!/usr/bin/env bash
# Breaks one rule after the other, each in a copy of the project, and has the tests find it.
# `bash test/model/mutations.sh` for all, or with the names of some. `MODEL_RUNS` as for the model.
set -euo pipefail
cd "$(dirname "$0")/../.."
export MODEL_RUNS=${MODEL_RUNS:-2000}

# name | file | what sed does to it | tests of which one must fail
schedules='test/model/coordinator.test.ts -t every.schedule'
mutations=(
  "calls of the abandoned stay | coordinator/waiters.ts | /if (lease.isWaiting) this.#abandoned.add/d | $schedules"
  "overdue threads stay | coordinator/stopping.ts | s/=== peer.leases.size) peer/=== -1) peer/ | test/model/silent.test.ts"
  "silent threads stay | coordinator/stopping.ts | s/return peer.replace();/return;/ | test/model/silent.test.ts"
  "silent threads that are wanted go | coordinator/stopping.ts | s/ \&\& !isBusyWithWanted(peer);/;/ | test/model/silent.test.ts"
  "all in a thread are to blame | coordinator/recovery.ts | s/: culpritsOf(peer, cause);/: new Set(peer.leases);/ | $schedules"
  "the replaced are to blame | coordinator/recovery.ts | s/peer.replaced ? new Set<Lease>() : culprits/culprits/ | $schedules"
  "deaths are forgotten | coordinator/coordinator.ts | s/waiter.parent \&\& fn.hasKilled ?/false ?/ | test/model/deaths.test.ts"
  "what cannot be kept is thrown on | coordinator/cache.ts | s/fn.counters.notKept.noRoom++;/throw new Error('no room');/ | test/model/coordinator.test.ts -t all.the.same"
  "one that throws ends the others | coordinator/for-all.ts | s/failed ??= { error };/throw error;/ | test/model"
  "a throw ends a withdrawal | coordinator/closing.ts | s/yield () => this.#withdrawOne/yield void this.#withdrawOne/ | $schedules"
  "what was computed before its tag was invalidated is kept | coordinator/coordinator.ts | s/const isForgotten = tags !== undefined/const isForgotten = tags === null/ | $schedules"
  "who asks after an invalidation gets what began before | coordinator/waiters.ts | s/flight.releaseLater(since)/flight.releaseLater(Infinity)/ | $schedules"
  "what a tier had before its tag was invalidated is used | coordinator/flights.ts | /leases.tags.lastOf(marks, since) > 0/d | test/model/tags.test.ts"
  "an invalidated tag says what it said | arena/tag-cells.ts | s/this.#handles.giveBack(cell.handle);// | $schedules"
  "rows of tags are begun out of turn | tiers/tag-rows.ts | s/this.#order.run(TAG_ROWS, key, /this.#order.run(TAG_ROWS, String(Math.random()), / | test/tiers/tags.test.ts"
  "rows of tags are begun out of turn | tiers/tag-rows.ts | s/return this.#order.run(TAG_ROWS, key, async () => {/return (async () => {/;s/^    });$/    })();/ | test/tiers/tags.test.ts"
  "a refresh that was invalidated is kept | coordinator/flights.ts | s/lease.isFenced = true;/lease.isFenced = !flight.refreshes;/;s/    flight.isRefresh = false;/    flight.isRefresh = flight.isRefresh;/ | $schedules"
  "a stale value answers after an invalidation | coordinator/flights.ts | s/^    flight.stale = undefined;$// | $schedules"
  "two refreshes of one key | coordinator/refreshes.ts | s/^    if (live) {/    if (live?.isForced) {/ | $schedules"
  "a call gets what was too old when it came | coordinator/stale-answers.ts | s/return now < end \&\& !isOlder(entry, maxAge, now) ? entry : undefined;/return entry;/ | test/freshness/table.test.ts"
  "a refresh is abandoned like any flight | coordinator/waiters.ts | s/ \&\& !flight.isRefresh//  | test/freshness/table.test.ts"
  "withdrawn tasks begin | coordinator/closing.ts | s/if (lease \&\& !this.#parts.leases.takeBack(lease)) {/if (lease) {/ | $schedules"
  "fenced calls are not withdrawn | coordinator/closing.ts | /if (isFenced) this.#setAside/d | $schedules"
  "withdrawn flights are queued | coordinator/closing.ts | /queue.remove(flight);/d | test/model/crowds.test.ts"
  "a thread that awaits is not free | coordinator/peer.ts | /^  awaits(): void/,/^  }/ s/this.canTakeMore();// | $schedules"
  "a thread is free while one goes on | coordinator/flight.ts | /^  waitsWith/,/^  }/ s/this.#setAwaiting(false);// | $schedules"
  "what awaits is starved | coordinator/queue.ts | s/return peer.expectedMs + this.#expectedMs(next) <= BATCH_MS ? next : undefined;/return next;/ | test/threads/awaiting.test.ts"
  "what is waited for does not rise | coordinator/priorities.ts | /for (const next of waitsOrSlotsOf/d | $schedules"
  "nested calls inherit nothing | coordinator/priorities.ts | s/parent ? \\[parent\\] : \\[\\]/[]/ | $schedules"
  "a slot is lost with a dead thread | coordinator/leases.ts | s/    giveSlotBack(lease);/    if (!lease.peer.gone) giveSlotBack(lease);/ | test/model/coordinator.test.ts -t limited"
  "slots close circles | coordinator/concurrency.ts | /for (const flight of this.#suspects) this.#breakCircles/d | test/model/coordinator.test.ts -t limited"
  "calls that join close circles | coordinator/waiters.ts | /flights.joined(flight, waiter)/d | test/model/coordinator.test.ts -t limited"
  "the queue hands out what has no slot | coordinator/queue.ts | /if (!this.#starts.admits(flight)) continue/d | test/model/coordinator.test.ts -t limited"
  "what is queued keeps slots from threads | coordinator/slots.ts | s/const lead = this.admits(true) ?/const lead = this.admits(false) ?/ | test/model/coordinator.test.ts -t limited"
  "a call takes what stack there is | pool/local-side.ts | s/^    ensureHeadroom();/    void ensureHeadroom;/ | test/threads/full-stack.test.ts"
  "a crowd takes what stack there is | pool/arrivals.ts | s/hasHeadroom()) this.flush/hasHeadroom() !== undefined) this.flush/ | test/threads/full-stack.test.ts"
  "what has begun is taken over | coordinator/waiters.ts | s/return this.#parts.leases.takeBack(state.lease);/return true;/ | $schedules"
  "threads compute what is not theirs | coordinator/flight.ts | s/ \&\& this.fn.info.thread !== .main.;/;/ | $schedules"
  "nothing is computed here for blocked threads | coordinator/queue.ts | s/^    this.#helpOut();/    void this.#helpOut;/ | test/threads/where/main.test.ts -t main.awaits"
  "calls from here see no deadlock | coordinator/deadlock.ts | s/if (!peer \&\& !parent) return/if (!peer) return/ | test/threads/where/main.test.ts -t main.awaits"
  "an error outlives an invalidation | coordinator/cache.ts | s/this.#errors.drop(fn, key);// | $schedules"
  "an error of before an invalidation is kept | coordinator/coordinator.ts | s/keepMs <= 0 .. isFenced/keepMs <= 0/ | $schedules"
  "an error of before its tag was invalidated is kept | coordinator/coordinator.ts | /since !== this.#leases.tags.now/d | $schedules"
  "what is primed fences nothing | coordinator/invalidation.ts | /^  set(/,/^  }/ s/this.#fence(fn, key);// | $schedules"
  "what is primed leaves its key to others | coordinator/cache.ts | /^  put(/,/^  }/ s/this.forget(fn, key)/Promise.resolve()/ | test/freshness/set.test.ts test/model/coordinator.test.ts -t every.schedule"
  "what takes too long goes on | coordinator/hard-timeouts.ts | /waiters.stop(lease, answer.error)/d | test/model/coordinator.test.ts -t timed"
  "what cannot be stopped keeps its slot | coordinator/hard-timeouts.ts | /leases.overruns(lease)/d | test/model/coordinator.test.ts -t timed"
  "waiting in the queue takes time | coordinator/leases.ts | s/^    takeSlot(lease);/&lease.limit = this.#clock.after(flight.fn.info.hardTimeout ?? 1e9, () => this.cancel(lease));/ | test/model/hard-timeouts.test.ts"
  "an outcome comes too late | coordinator/hard-timeouts.ts | s/() => clock.soon(() => this.#isOver(lease))/() => this.#isOver(lease)/ | test/model/hard-timeouts.test.ts"
  "what cost a thread costs the next one | coordinator/hard-timeouts.ts | s/if (answer) return answer;/if (answer) return undefined;/ | test/freshness/hard-timeout.test.ts -t has.cost"
  "calls of computations here are withdrawn | coordinator/closing.ts | s/!peer \&\& !parent/!peer/ | $schedules"
  "hits of a computation are not noted | coordinator/coordinator.ts | s/    if (entry) notePart(from, entry.part);// | $schedules"
  "reads of a thread are not noted | coordinator/coordinator.ts | s/^    this.#noteRead(parts, read);// | $schedules"
  "answers are not noted | coordinator/flights.ts | s/    if (leader) notePart(leader.parent, answer.part);// | $schedules"
  "what is made of the unknown is kept | coordinator/coordinator.ts | s/const ttl = parts.isLost ? 0 : bound/const ttl = bound/ | $schedules"
  "what was made is fresh longer than its parts | coordinator/coordinator.ts | s/: Math.min(computed.ttl, left);/: computed.ttl;/ | test/threads/tracked.test.ts -t no.longer"
  "a new value leaves what the old one made | coordinator/coordinator.ts | /expireDependents(fn, key);/d;s/    if (isForced \&\& !lease.isFenced) void/    void/ | test/threads/tracked.test.ts"
  "an invalidation reaches what is there only | coordinator/invalidation.ts | s/    if (tracking.isUsed) return both(ended, raise());/    return ended;/ | $schedules"
  "a new value of its own ends what asked for it | coordinator/coordinator.ts | s/lease.parts?.renewedAt(mark) ?? since/since/ | test/threads/tracked.test.ts"
  "of many parts few count | tags/dependencies.ts | s/for (const mark of keys) others.add(WHOLE/for (const mark of keys.slice(keys.length)) others.add(WHOLE/ | test/threads/tracked.test.ts test/memory/parts-used.test.ts"
  "a callback that throws keeps the answer | coordinator/coordinator.ts | s/      part = this.#partOf(lease, outcome, ttl);/      throw new Error('part');/;s/^    } finally {$/    } catch (error) { throw error;/ | $schedules"
  "a mark keeps for ever | arena/entries.ts | s/    return this.#handles.takeMark(handle);/    return this.#handles.isMarked(handle);/ | test/arena/idling.test.ts"
  "a mark that is taken was no use | arena/entries.ts | s/    if (terms !== 0 \&\& this/    if (terms < 0 \&\& this/ | test/arena/idling.test.ts"
  "all readers tell of a use | arena/terms.ts | s/  if (Atomics.compareExchange(memory.words, terms + USED, word, next) !== word) return false;/  Atomics.store(memory.words, terms + USED, word);/ | test/arena/idling.test.ts"
  "a near entry is never looked at again | arena/terms.ts | s/return now - sinceUse(memory, terms, now) + MARKED_UNITS/return now + 1e9 - sinceUse(memory, terms, now) + MARKED_UNITS/ | test/arena/idling.test.ts"
  "what a hit has answered is asked for again | read/reads.ts | s/state !== 'missed'/state === 'hit'/ | test/freshness/counted-once.test.ts"
  "what a refresh finds is a hit | coordinator/flights.ts | s/ \&\& !flight.hasMissed \&\& !flight.isCounted// | test/freshness/counted-once.test.ts"
  "what is forgotten is renewed | coordinator/renewals.ts | s/      isHere() ? this/      isHere() !== undefined ? this/ | test/freshness/tti.test.ts"
  "a record is renewed beyond its ttl | coordinator/renewals.ts | s/const renewed = Math.min(end, date + tti)/const renewed = date + tti/;s/renewableFor: end - renewed/renewableFor: Math.max(1, end - renewed)/ | test/freshness/tti.test.ts"
  "one that awaits keeps its thread for ever | coordinator/flight.ts | s/() => this.#letsThread(true)/() => {}/ | $schedules"
  "a computation that goes on is taken to await | coordinator/flight.ts | /^  waitsWith/,/^  }/ s/this.#patience?.cancel();// | test/threads/awaiting.test.ts"
  "a renewal counts from when it is written | coordinator/renewals.ts | s/date - unusedFor + tti/date - 0 * unusedFor + tti/ | test/freshness/tti.test.ts -t comes.late"
  "a refresh is a use in tiers | coordinator/cache.ts | s/computedAt - unusedFor + tti/computedAt - 0 * unusedFor + tti/ | test/freshness/tti.test.ts -t no.use.there"
  "a record is renewed beyond its ttl | coordinator/renewals.ts | s/const renewed = Math.min(end, date - unusedFor + tti)/const renewed = date - unusedFor + tti/;s/renewableFor: end - renewed/renewableFor: Math.max(1, end - renewed)/ | test/freshness/tti.test.ts"
)

copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
cp -r .ci src test workers package.json tsconfig*.json vitest.config.ts "$copy"
ln -s "$PWD/node_modules" "$copy/node_modules"

missed=0
for mutation in "${mutations[@]}"; do
  IFS='|' read -r name file change tests <<< "${mutation// | /|}"
  [ $# -eq 0 ] || [[ " $* " == *" $name "* ]] || continue
  cp -r src "$copy"
  sed -i "$change" "$copy/src/$file"
  if cmp -s "src/$file" "$copy/src/$file"; then
    echo "NOTHING TO BREAK: $name"
    missed=1
    continue
  fi
  case $tests in test/model*) ;; *) (cd "$copy" && npm run --silent build) ;; esac
  # shellcheck disable=SC2086
  if (cd "$copy" && NO_COLOR=1 npx vitest run --bail 1 $tests) > "$copy/report" 2>&1; then
    echo "NOT FOUND: $name"
    missed=1
  else
    echo "found: $name ($(sed -nE 's/.*AssertionError: (.*)/\1/p' "$copy/report" | head -1))"
  fi
done
exit $missed
