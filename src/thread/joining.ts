/** Which side this thread is on now: one that was attached to a pool joins it at its first use. */

import { AsyncResource } from 'node:async_hooks';
import { join } from '../belonging.ts';
import { installedSide, installSide, type Side } from '../side.ts';
import { AttachedSide } from './attached-side.ts';
import { ClosedSide } from './closed-side.ts';

/**
 * The line is opened in here: what it brings, computations among it, would otherwise run for ever in
 * the asynchronous context of the call that happens to be the first.
 */
const outside = new AsyncResource('threadmemo');

/** `undefined` when nothing is decided: the thread may open a pool. */
export function sideHere(): Side | undefined {
  const side = installedSide();
  return side && !side.closed ? side : nextSide(side);
}

function nextSide(side: Side | undefined): Side | undefined {
  const session = join();
  if (session !== undefined) installSide(outside.runInAsyncScope(attachedSide, null, session));
  // Only a coordinator's own side cannot block.
  else if (side?.sync && !(side instanceof ClosedSide)) installSide(new ClosedSide(side));
  return installedSide();
}

function attachedSide(session: number): Side {
  return new AttachedSide(session, () => void sideHere());
}
