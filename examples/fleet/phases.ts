/** What happens to the fleet while it is visited: nothing; a process is killed; Redis stands still. */

import { setTimeout as after } from 'node:timers/promises';
import { seededRandom } from '../random.ts';
import type { Fleet, Member, Redis } from './fleet.ts';
import { type Computations, computationsIn, isComputing, readJournal } from './journal.ts';
import { tileAtTheEdge } from './tile.ts';

export interface Phase {
  readonly answers: Answers;
  readonly computations: Computations;
}

export interface Setting {
  readonly fleet: Fleet;
  readonly redis: Redis;
  readonly journal: string;
  /** Milliseconds of each phase, besides what happens in it. */
  readonly phaseMs: number;
  /** Milliseconds for which Redis stands still. */
  readonly outageMs: number;
}

/** So that each phase has tiles of its own. */
const zooms = { calm: 9, kill: 10, outage: 11 };
/** Milliseconds between two looks. */
const lookEvery = 2;

export async function calm(setting: Setting): Promise<Phase> {
  return phase(setting, zooms.calm, () => after(setting.phaseMs));
}

/** Killed in the middle of a computation that others may be waiting for. */
export async function withKill(setting: Setting): Promise<Phase> {
  const { fleet, journal, phaseMs } = setting;
  return phase(setting, zooms.kill, async () => {
    await after(phaseMs / 3);
    let victim: Member | undefined;
    while (!victim) {
      await after(lookEvery);
      const lines = readJournal(journal);
      victim = fleet.members.find(({ pid }) => isComputing(lines, pid));
    }
    await fleet.kill(victim);
    await after(phaseMs / 3);
  });
}

export interface Outage extends Phase {
  /** Milliseconds after which all processes used Redis again. */
  readonly backAfter: number;
}

export async function withOutage(setting: Setting): Promise<Outage> {
  const { fleet, redis, phaseMs, outageMs } = setting;
  let backAfter = 0;
  const seen = await phase(setting, zooms.outage, async () => {
    await after(phaseMs / 3);
    redis.stop();
    await after(outageMs);
    redis.goOn();
    const start = performance.now();
    while (!(await Promise.all(fleet.members.map(usesRedis))).every(Boolean)) {
      await after(lookEvery);
    }
    backAfter = performance.now() - start;
    await after(phaseMs / 3);
  });
  return { ...seen, backAfter };
}

async function phase(
  { fleet, journal }: Setting,
  zoom: number,
  happens: () => Promise<void>,
): Promise<Phase> {
  let isOver = false;
  const visits = visit(fleet, zoom, () => isOver);
  await happens().finally(() => {
    isOver = true;
  });
  const answers = await visits;
  const isOfThis = (tile: string) => tile.startsWith(`${zoom}/`);
  return { answers, computations: computationsIn(readJournal(journal), isOfThis, fleet.dead) };
}

async function usesRedis({ address }: Member): Promise<boolean> {
  const response = await fetch(`${address}/health`);
  return ((await response.json()) as { connected: boolean }).connected;
}

const everyMs = 50;
const atOnce = 6;
const newOnes = 0.5;

interface Answers {
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

/**
 * The visitors: every few milliseconds several of them want the same tile at the same moment, a new one or
 * one of the earlier ones, each from another process. No request waits for the answers of others, so a slow
 * answer makes no pause that would hide how slow the next ones would have been.
 *
 * Tiles of one zoom, for as long as `isOver` says. Settles when all answers are there.
 */
async function visit(fleet: Fleet, zoom: number, isOver: () => boolean): Promise<Answers> {
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
