/**
 * Who plays when? All contestants of a scenario are opened, each in a process of its own, and then
 * measure in turn, round by round. One that fails is out with the reason; the others go on.
 */
import type { Contestant } from './contestants/contestant.ts';
import type { Idle } from './host.ts';
import { Player } from './player.ts';
import type { Sample, Scenario } from './scenario.ts';

/** What came of one contestant in one scenario. */
export interface Played {
  readonly contestant: Contestant;
  /** The measured rounds, warm-up left out: part name to sample. */
  readonly rounds: Readonly<Record<string, Sample>>[];
  /** What its process did between these rounds. */
  readonly idle: Idle[];
  /** Why it is out. */
  failed?: string;
}

interface Game {
  readonly player: Player;
  readonly played: Played;
}

export async function conduct(
  scenario: Scenario,
  contestants: readonly Contestant[],
): Promise<Played[]> {
  const games: Game[] = [];
  for (const contestant of contestants) {
    const game = await admit(scenario, contestant);
    if (game !== undefined) games.push(game);
  }
  for (let round = 0; round < scenario.warmUps + scenario.rounds; round++) {
    for (const game of games) await playRound(game, round, round >= scenario.warmUps);
  }
  const remaining = games.filter(({ played }) => played.failed === undefined);
  await Promise.all(remaining.map(({ player }) => player.leave()));
  return games.map(({ played }) => played);
}

/** Opens a contestant, if there is any part that it can do, here. */
async function admit(scenario: Scenario, contestant: Contestant): Promise<Game | undefined> {
  const parts = scenario.parts.filter((part) => contestant.cannot[part.name] === undefined);
  if (parts.length === 0 || contestant.missing?.() !== undefined) return undefined;
  const game: Game = {
    player: new Player(scenario, contestant, parts),
    played: { contestant, rounds: [], idle: [] },
  };
  const answer = await game.player.answer();
  if (answer.type === 'failed') await dismiss(game, answer.reason);
  return game;
}

async function playRound(game: Game, round: number, counts: boolean): Promise<void> {
  const { player, played } = game;
  if (played.failed !== undefined) return;
  const answer = await player.ask({ type: 'round', round });
  if (answer.type === 'failed') return await dismiss(game, answer.reason);
  if (answer.type !== 'measured' || !counts) return;
  played.rounds.push(answer.samples);
  played.idle.push(answer.idle);
}

/** Its rounds so far do not count either: a contestant that fails is not a fast one. */
async function dismiss({ player, played }: Game, reason: string): Promise<void> {
  played.failed = reason;
  played.rounds.length = 0;
  await player.expel();
}
