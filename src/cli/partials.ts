/**
 * The names of files that are not complete yet. Each run writes to one of its own,
 * `<file>.<place>-<process>.partial`, so that two runs with one `--out` cannot mix their lines. What
 * there is of a run that has ended early is `<file>.partial`.
 *
 * A run that was killed leaves its own. The next run that writes the same file removes it, if it
 * is sure that the process is gone: in another container, or on another machine with the same
 * folder, it may live.
 */

import { createHash } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { hostname } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { hasEnded, type ProcessIdentity } from '../tiers/disk/process-identity.ts';

/** Where results of a run that has ended early are. */
export function endedEarly(file: string): string {
  return `${file}.partial`;
}

/** Where this process writes. */
export function ownPartial(file: string, owner: ProcessIdentity): string {
  return `${file}.${placeOf(owner)}-${owner.pid}.partial`;
}

/** What processes have left behind that are gone. */
export function leftovers(file: string, owner: ProcessIdentity): readonly string[] {
  const start = `${basename(file)}.${placeOf(owner)}-`;
  return namesBeside(file)
    .filter((name) => name.startsWith(start) && isGone(name.slice(start.length), owner))
    .map((name) => join(dirname(file), name));
}

/** @param end `<process>.partial` */
function isGone(end: string, owner: ProcessIdentity): boolean {
  const pid = Number(/^(\d+)\.partial$/.exec(end)?.[1]);
  if (Number.isNaN(pid)) return false;
  // What has this process's own number is older: an id is given again.
  return pid === owner.pid || hasEnded({ ...owner, pid, started: '' }, owner);
}

/** Where a process id means the same process. */
function placeOf({ namespace }: ProcessIdentity): string {
  const hash = createHash('sha256').update(`${hostname()}\n${namespace}`);
  return hash.digest('hex').slice(0, 8);
}

function namesBeside(file: string): readonly string[] {
  try {
    return readdirSync(dirname(file));
  } catch {
    return [];
  }
}
