/** What happens to the fleet while it is visited: nothing; a process is killed; Redis stands still. */

import { setTimeout as after } from 'node:timers/promises';
import type { Fleet, Member } from './fleet.ts';
import { type Computations, computationsIn, isComputing, readJournal } from './journal.ts';
import { type Answers, visit } from './load.ts';
import type { Redis } from './redis.ts';

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
