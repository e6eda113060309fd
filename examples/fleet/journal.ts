/**
 * Which process has begun and ended which computation, in a file that all of them append to. Only
 * for the table: the statistics of a process that was killed die with it, and what is in this file
 * does not.
 */

import { appendFileSync, readFileSync } from 'node:fs';

/** The processes of the service are told where the file is. */
export const journalVariable = 'FLEET_JOURNAL';

export interface Line {
  readonly what: 'begins' | 'ends';
  readonly pid: number;
  readonly tile: string;
}

export function note(what: Line['what'], tile: string): void {
  const path = process.env[journalVariable];
  // One write, so that the lines of several processes do not mix.
  if (path) appendFileSync(path, `${what} ${process.pid} ${tile}\n`);
}

export function readJournal(path: string): Line[] {
  const lines = readFileSync(path, 'utf8').split('\n');
  // What comes after the last line's end is being written.
  return lines.slice(0, -1).map((line) => {
    const [what, pid, tile] = line.split(' ') as [Line['what'], string, string];
    return { what, pid: Number(pid), tile };
  });
}

/** Whether a process is in the middle of a computation. */
export function isComputing(lines: readonly Line[], pid: number): boolean {
  return lines.findLast((line) => line.pid === pid)?.what === 'begins';
}

export interface Computations {
  readonly all: number;
  /** Those that a process had begun, or not passed on, when it was killed. */
  readonly lost: number;
  /** Computed although a living process had begun it before. */
  readonly duplicates: number;
}

export function computationsIn(
  lines: readonly Line[],
  isMeant: (tile: string) => boolean,
  dead: ReadonlySet<number>,
): Computations {
  const begun = new Map<string, number[]>();
  for (const { what, pid, tile } of lines) {
    if (what === 'begins' && isMeant(tile)) begun.set(tile, [...(begun.get(tile) ?? []), pid]);
  }
  const again = [...begun.values()].flatMap((pids) => pids.slice(0, -1));
  const lost = again.filter((pid) => dead.has(pid)).length;
  const all = again.length + begun.size;
  return { all, lost, duplicates: again.length - lost };
}
