/**
 * The states of a flight: one union, one table of what may follow what, and one function through
 * which every transition goes.
 *
 * `limited` stands before each of the others but `probing`: as many of the function's computations go on
 * as its `concurrency` allows. When there is a slot the flight is open again.
 *
 * ```
 *                      leasing tiers only
 *                   ┌───────────────────────┐
 *  open ─► probing ─► in line ─► asking ⇄ held        ─► settled, from anywhere:
 *   │         │        ▲           │        │            answered, or left by its last waiter
 *   │         │        └──────┐    ▼        ▼
 *   └─────────┴────────────► queued ◄──── open ─► leased ─► open, when the thread does not finish
 * ```
 *
 * A flight has at most one lease, one place in one list and one grant of a tier at any time, because
 * each stands in a state: what a state does not have cannot be asked of it.
 */

import type { Timer } from '../clock.ts';
import type { ChurnMap } from '../order/churn-map.ts';
import type { TierLease } from '../tiers/tier.ts';

/** `grant` is what a leasing tier has granted, until a store or an invalidation takes it. */
export type FlightState<Lease, Link> =
  /**
   * Neither a tier nor a thread is at it: it is new, a tier has just let it start, or its lease has
   * ended without an outcome. It is started or settled before the event is over; only a withdrawal
   * leaves it so for longer.
   */
  | { readonly at: 'open'; grant: TierLease | undefined }
  /** The tiers are asked for the value. `isOutdated`: their answer is not wanted any more. */
  | { readonly at: 'probing'; isOutdated: boolean }
  /** As many computations of its function go on as may: it waits for a slot, see `slots.ts`. */
  | { readonly at: 'limited'; readonly link: Link }
  /** It waits until a thread may soon be free for it, and the leasing tier is worth asking. */
  | { readonly at: 'in line'; readonly link: Link }
  /** The leasing tier is asked for the right to compute it; and for the value, where no tier was before. */
  | { readonly at: 'asking'; isOutdated: boolean }
  /** Another process computes it. `awake`: callers wait, and nothing else may keep the process alive. */
  | { readonly at: 'held'; readonly leave: () => void; patience: Timer; awake: Timer | undefined }
  /** It waits for a thread. Without a link it is set aside, while calls are withdrawn from it. */
  | { readonly at: 'queued'; link: Link | undefined; grant: TierLease | undefined }
  | { readonly at: 'leased'; readonly lease: Lease; grant: TierLease | undefined }
  | { readonly at: 'settled' };

type State<At, Lease = unknown, Link = unknown> = FlightState<Lease, Link> & { readonly at: At };
export type At = FlightState<unknown, unknown>['at'];
export type Asking = State<'asking'>;
export type HeldElsewhere = State<'held'>;

/** What may follow each state. */
export const TRANSITIONS: Readonly<Record<At, readonly At[]>> = {
  open: ['leased', 'queued', 'probing', 'limited', 'in line', 'asking', 'settled'],
  probing: ['leased', 'queued', 'limited', 'in line', 'asking', 'settled'],
  limited: ['open', 'settled'],
  'in line': ['asking', 'settled'],
  asking: ['open', 'held', 'asking', 'settled'],
  held: ['asking', 'open', 'settled'],
  queued: ['leased', 'in line', 'open', 'settled'],
  leased: ['settled', 'open'],
  settled: [],
};

/** What an invalidation has to reach. */
const UNDERWAY: ReadonlySet<At> = new Set(['probing', 'asking', 'leased']);

const SETTLED = { at: 'settled' } as const;

let lastNth = 0;

export abstract class FlightStates<Lease, Link> {
  #state: FlightState<Lease, Link> = { at: 'open', grant: undefined };
  /** Another for each. */
  readonly nth = ++lastNth;
  readonly #underway: ChurnMap<number, object>;

  /** `underway` has those of a function that an invalidation has to reach; they keep it so. */
  constructor(underway: ChurnMap<number, object>) {
    this.#underway = underway;
  }

  get state(): FlightState<Lease, Link> {
    return this.#state;
  }

  get isSettled(): boolean {
    return this.#state.at === 'settled';
  }

  /** Who computes it. */
  get lease(): Lease | undefined {
    return this.#state.at === 'leased' ? this.#state.lease : undefined;
  }

  /** What a tier has granted it. */
  get grant(): TierLease | undefined {
    return 'grant' in this.#state ? this.#state.grant : undefined;
  }

  /** The same; it has it no more. */
  takeGrant(): TierLease | undefined {
    const { grant } = this;
    if ('grant' in this.#state) this.#state.grant = undefined;
    return grant;
  }

  probe(): void {
    this.#enter({ at: 'probing', isOutdated: false });
  }

  /** What tiers are about to answer is not wanted any more. */
  outdate(): void {
    if ('isOutdated' in this.#state) this.#state.isOutdated = true;
  }

  waitForSlot(link: Link): void {
    this.#enter({ at: 'limited', link });
  }

  waitInLine(link: Link): void {
    this.#enter({ at: 'in line', link });
  }

  ask(): Asking {
    return this.#enter({ at: 'asking', isOutdated: false });
  }

  leaveToAnother(leave: () => void, patience: Timer): HeldElsewhere {
    return this.#enter({ at: 'held', leave, patience, awake: undefined });
  }

  /** No caller waits for it: a refresh alone keeps no process alive. */
  letSleep(): void {
    if (this.state.at !== 'held') return;
    this.state.awake?.cancel();
    this.state.awake = undefined;
  }

  /** It may start now, or its lease has ended; what was granted before stays. */
  reopen(grant = this.grant): void {
    this.#enter({ at: 'open', grant });
  }

  queue(): void {
    this.#enter({ at: 'queued', link: undefined, grant: this.grant });
  }

  /** Its place in the queue; none when it is taken out. It must be queued. */
  set place(link: Link | undefined) {
    if (this.#state.at !== 'queued') throw new Error(`no ${this.#state.at} flight has a place`);
    this.#state.link = link;
  }

  get place(): Link | undefined {
    return this.#state.at === 'queued' ? this.#state.link : undefined;
  }

  /** Its place where it waits for its turn, whichever line that is. */
  get link(): Link | undefined {
    return 'link' in this.#state ? this.#state.link : undefined;
  }

  beginLease(lease: Lease): void {
    this.#enter({ at: 'leased', lease, grant: this.grant });
  }

  settle(): void {
    this.#enter(SETTLED);
  }

  /** As one of thousands at once: `underway` has it until `leaveUnderway` is called. */
  settleOnly(): void {
    this.#change(SETTLED);
  }

  leaveUnderway(): void {
    this.#underway.delete(this.nth);
  }

  protected entered(_from: At, _to: At): void {}

  #enter<Next extends FlightState<Lease, Link>>(next: Next): Next {
    const was = UNDERWAY.has(this.#state.at);
    const is = UNDERWAY.has(next.at);
    this.#change(next);
    if (is && !was) this.#underway.set(this.nth, this);
    if (was && !is) this.leaveUnderway();
    return next;
  }

  #change(next: FlightState<Lease, Link>): void {
    const { at } = this.#state;
    if (!TRANSITIONS[at].includes(next.at))
      throw new Error(`a flight that is ${at} cannot become ${next.at}`);
    this.#state = next;
    this.entered(at, next.at);
  }
}
