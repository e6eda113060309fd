/** Which side this thread is on now: one that was attached to a pool joins it at its first use. */

import { join } from '../belonging.ts';
import { installedSide, installSide, type Side } from '../side.ts';
import { AttachedSide } from './attached-side.ts';
import { ClosedSide } from './closed-side.ts';

/** `undefined` when nothing is decided: the thread may open a pool. */
export function sideHere(): Side | undefined {
  const side = installedSide();
  return side && !side.closed ? side : nextSide(side);
}

function nextSide(side: Side | undefined): Side | undefined {
  const session = join();
  if (session !== undefined) installSide(new AttachedSide(session, () => void sideHere()));
  // Only a coordinator's own side cannot block.
  else if (side?.sync && !(side instanceof ClosedSide)) installSide(new ClosedSide());
  return installedSide();
}
