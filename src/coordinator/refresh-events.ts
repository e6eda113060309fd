/** Tells those who watch of refreshes; each state is what one of the counters counts, but for `done`. */

import { type RefreshEvent, refreshesSeen } from '../events/channels.ts';
import type { Flight } from './flight.ts';

export function tellOfRefresh(
  { fn, fullKey }: Flight,
  state: RefreshEvent['state'],
  cause?: () => unknown,
): void {
  if (!refreshesSeen.hasSubscribers) return;
  const event: RefreshEvent = { functionId: fn.info.id, key: fullKey, state, cause: cause?.() };
  refreshesSeen.publish(event);
}
