/**
 * A tier that answers in time, or not at all, whatever it is made of. What has come too late is never
 * used: a record is dropped, a lease goes back; a write that may still happen is for the chain to undo
 * (`LateAnswer`).
 */

import { shown } from '../text/shown.ts';
import type { Warnings } from '../text/warnings.ts';
import { decorate, type PacedTier, type Wraps } from './decorate.ts';
import { Pace } from './pace.ts';
import {
  type Invalidation,
  isInvalidation,
  type LeaseAnswer,
  type Tier,
  type TierLease,
} from './tier.ts';
import { TierLimit, type TierLimitParts } from './tier-limit.ts';

/** No function has this id. */
const PROBE = { functionId: 'threadmemo#probe', key: 'threadmemo#probe()' } as const;

export function limitedTier(tier: Tier, parts: TierLimitParts): PacedTier {
  const probe = () => tier.get(PROBE.functionId, PROBE.key);
  const limit = new TierLimit(tier.name, parts, probe);
  const pace = tier.askedEvenIfSlow ? undefined : paceOf(tier, parts);
  const paced = <T>(answer: Promise<T>) => (pace ? pace.measure(answer) : answer);
  const wraps: Wraps = {
    get:
      (get) =>
      (...what) =>
        paced(limit.ask('get', () => get(...what))),
    getNow:
      (getNow) =>
      (...what) =>
        limit.isLeftOut ? 'later' : getNow(...what),
    see:
      (see) =>
      (...what) =>
        limit.ask('get', () => see(...what)),
    set:
      (set) =>
      (...what) =>
        limit.ask('set', () => set(...what)),
    delete:
      (its) =>
      (...what) =>
        limit.ask('delete', () => its(...what)),
    clear:
      (clear) =>
      (...what) =>
        limit.ask('clear', () => clear(...what)),
    discard:
      (discard) =>
      (...what) =>
        limit.ask('discard', () => discard(...what)),
    clearPrefix:
      (clear) =>
      (...what) =>
        limit.ask('clear', () => clear(...what)),
    lease:
      (lease) =>
      async (...what) => {
        const answer = await paced(limit.ask('lease', () => lease(...what), refuse));
        noteOver(answer);
        return limitedAnswer(answer, limit);
      },
    onInvalidate: (listen) => (heard) =>
      listen((what) => heard(readInvalidation(what, tier, parts.warnings))),
    close: (close) => () => limit.insist('close', close),
  };
  const isUp = () => !limit.isLeftOut && (tier.isUp?.() ?? true);
  return decorate(tier, wraps, { pace, isUp });
}

/** What is none counts as everything: that costs computations, and is never wrong. */
function readInvalidation(what: Invalidation, { name }: Tier, warnings: Warnings): Invalidation {
  if (isInvalidation(what)) return what;
  warnings.warn(
    `${name} invalidates`,
    `the tier '${name}' has called its onInvalidate listener with ${shown(what)}, and everything is ` +
      "forgotten for it; it must be { of: 'key', functionId, key }, { of: 'function', functionId } or " +
      "{ of: 'all' }",
  );
  return { of: 'all' };
}

function paceOf({ name }: Tier, { clock, warnings }: TierLimitParts): Pace {
  return new Pace(clock, (ms) =>
    warnings.warn(
      `${name} is slow`,
      `the tier '${name}' answers after some ${ms} ms: as long as it does, it is not asked for what is ` +
        'sooner computed than waited for',
    ),
  );
}

/** A lease that nothing waits for any more: other processes must not wait for it either. */
async function refuse(answer: LeaseAnswer): Promise<void> {
  try {
    noteOver(answer);
    if (answer.state === 'held') answer.leave();
    if (answer.state === 'granted') await answer.lease.release();
  } catch {
    // Its tier fails, and is left out already.
  }
}

/** It must not reject. If it does, that is no unhandled rejection, although nothing may wait for it. */
function noteOver(answer: LeaseAnswer): void {
  if (answer.state !== 'held') return;
  Promise.resolve(answer.over).catch(() => {});
}

/** @throws {TypeError} for what is no answer */
function limitedAnswer(answer: LeaseAnswer, limit: TierLimit): LeaseAnswer {
  switch (answer.state) {
    case 'found':
      return answer;
    case 'granted':
      if (typeof answer.lease?.store === 'function' && typeof answer.lease.release === 'function')
        return { state: 'granted', lease: limitedLease(answer.lease, limit) };
      break;
    case 'held':
      if (typeof answer.over?.then === 'function' && typeof answer.leave === 'function')
        return limitedWait(answer, limit);
  }
  throw new TypeError('what lease() has answered is none of found, granted and held');
}

function limitedWait(
  answer: LeaseAnswer & { readonly state: 'held' },
  limit: TierLimit,
): LeaseAnswer {
  const { over, leave } = limit.wait(answer.over);
  return {
    state: 'held',
    over,
    leave() {
      leave();
      answer.leave();
    },
  };
}

/** A lease that has not ended is kept alive by its tier: to end it is always tried. */
function limitedLease(lease: TierLease, limit: TierLimit): TierLease {
  return {
    store: (record) => limit.insist('store', () => lease.store(record)),
    release: () => limit.insist('release', () => lease.release()),
  };
}
