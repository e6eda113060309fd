/**
 * The visitors: every few milliseconds several of them want the same tile at the same moment, a new
 * one or one of the earlier ones, each from another process. No request waits for the answers of others,
 * so a slow answer makes no pause that would hide how slow the next ones would have been.
 */

import { setTimeout as after } from 'node:timers/promises';
import { seededRandom } from '../compress/random.ts';
import type { Fleet } from './fleet.ts';
import { tileAtTheEdge } from './tile.ts';

const everyMs = 50;
const atOnce = 6;
const newOnes = 0.5;

export interface Answers {
  requests: number;
  answered: number;
  /** Asked of another process, because the first one was killed meanwhile. */
  askedAgain: number;
  /** Milliseconds of each. */
  readonly latencies: number[];
  readonly tiles: Set<string>;
  /** Tiles, each as often as there were processes that were asked for it. */
  readonly wantedIn: Set<string>;
  /** Tiles that did not look the same each time. */
  readonly differing: Set<string>;
}

/** Tiles of one zoom, for as long as `isOver` says. Settles when all answers are there. */
export async function visit(fleet: Fleet, zoom: number, isOver: () => boolean): Promise<Answers> {
  const random = seededRandom(zoom);
  const looks = new Map<string, string>();
  const answers: Answers = {
    ...{ requests: 0, answered: 0, askedAgain: 0, latencies: [] },
    ...{ tiles: new Set(), wantedIn: new Set(), differing: new Set() },
  };
  const visits: Promise<void>[] = [];
  for (let due = performance.now(); !isOver(); due += everyMs) {
    await after(due - performance.now());
    const known = [...answers.tiles];
    const isNew = known.length === 0 || random() < newOnes;
    const tile = isNew
      ? tileAtTheEdge(zoom, random())
      : (known[Math.floor(random() * known.length)] as string);
    answers.tiles.add(tile);
    for (let n = 0; n < atOnce; n++) visits.push(ask(fleet, tile, answers, looks));
  }
  await Promise.all(visits);
  return answers;
}

async function ask(
  fleet: Fleet,
  tile: string,
  answers: Answers,
  looks: Map<string, string>,
): Promise<void> {
  answers.requests++;
  const start = performance.now();
  const text = await answerTo(fleet, tile, answers);
  if (text === undefined) return;
  answers.latencies.push(performance.now() - start);
  answers.answered++;
  if ((looks.get(tile) ?? text) !== text) answers.differing.add(tile);
  looks.set(tile, text);
}

async function answerTo(fleet: Fleet, tile: string, answers: Answers): Promise<string | undefined> {
  for (;;) {
    const { pid, address } = fleet.next();
    answers.wantedIn.add(`${pid} ${tile}`);
    try {
      const response = await fetch(`${address}/${tile}`);
      const text = await response.text();
      return response.ok ? text : undefined;
    } catch {
      if (!fleet.dead.has(pid)) return undefined;
      answers.askedAgain++;
    }
  }
}
