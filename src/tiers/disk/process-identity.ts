/**
 * Tells one process from all others that this machine has had, and whether it is there.
 *
 * A process id is given again after a while, so its start time belongs to it; both mean something
 * only in the same process namespace (a container has its own) and until the next boot. Where the
 * system does not tell the start time, which is everywhere but on Linux, the id has to do.
 */

import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';

export interface ProcessIdentity {
  readonly pid: number;
  /** In the system's own unit; empty where it is not known. */
  readonly started: string;
  readonly namespace: string;
  /** Another one for each start of the machine; empty where it is not known. */
  readonly boot: string;
}

export function ownIdentity(): ProcessIdentity {
  const { pid } = process;
  return {
    pid,
    // Not when /proc is that of another namespace.
    started: textOf('/proc/self/stat').startsWith(`${pid} `) ? statusOf(pid).started : '',
    namespace: namespace(),
    boot: textOf('/proc/sys/kernel/random/boot_id').trim(),
  };
}

/** Whether it is sure that this process has ended. */
export function hasEnded(other: ProcessIdentity, own: ProcessIdentity): boolean {
  if (other.boot !== own.boot) return true;
  if (other.namespace !== own.namespace) return false;
  if (!exists(other.pid)) return true;
  if (other.started === '' || own.started === '') return false;
  const { started, isZombie } = statusOf(other.pid);
  return isZombie || (started !== '' && started !== other.started);
}

/** Whether it runs on the same machine, where its process id means nothing to this one. */
export function isElsewhere(other: ProcessIdentity, own: ProcessIdentity): boolean {
  return other.boot !== '' && other.boot === own.boot && other.namespace !== own.namespace;
}

/** Asks the kernel; /proc may hide the processes of other users. */
function exists(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}

/** See proc_pid_stat(5). The second field is the name, in which anything may stand. */
function statusOf(pid: number): { started: string; isZombie: boolean } {
  const stat = textOf(`/proc/${pid}/stat`);
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return { started: fields[19] ?? '', isZombie: fields[0] === 'Z' || fields[0] === 'X' };
}

function namespace(): string {
  try {
    return readlinkSync('/proc/self/ns/pid');
  } catch {
    return hostname();
  }
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'latin1');
  } catch {
    return '';
  }
}
