/** Which side this thread is on now: one that was attached to a pool joins it at its first use. */

import { join } from '../call/belonging.ts';
import { installedSide, installSide, type Side } from '../call/side.ts';
import { outside } from '../compute/outside.ts';
import { ensureHeadroom } from '../runtime/headroom.ts';
import { ClosedSide } from './closed-side.ts';
import { guestSide } from './guest-side.ts';

/** `undefined` when nothing is decided: the thread may open a pool. */
export function sideHere(): Side | undefined {
  const side = installedSide();
  return side && !side.closed ? side : nextSide(side);
}

function nextSide(side: Side | undefined): Side | undefined {
  ensureHeadroom();
  const session = join();
  // The channel is opened outside: what it brings, computations among it, would otherwise run for ever
  // in the asynchronous context of the call that happens to be the first.
  if (session !== undefined) installSide(outside(() => guestSide(session, () => void sideHere())));
  else if (side?.kind === 'pool' || side?.kind === 'guest') installSide(new ClosedSide(side));
  return installedSide();
}
