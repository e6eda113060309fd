/**
 * Who plays when? All contestants of a scenario are opened, each in a process of its own, and then
 * measure in turn, round by round. One that fails is out with the reason; the others go on.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Contestant, Part, Sample, Scenario } from './scenario.ts';

/** How long it was not this process's turn, and what CPU time it took nevertheless. */
export interface Idle {
  readonly cpu: number;
  readonly wall: number;
}

/** From the conductor. */
export type Order = { readonly type: 'round'; readonly round: number } | { readonly type: 'close' };

/** To the conductor. `idle` is what happened since the last answer, in milliseconds. */
export type Answer =
  | { readonly type: 'opened' }
  | {
      readonly type: 'measured';
      readonly samples: Readonly<Record<string, Sample>>;
      readonly idle: Idle;
    }
  | { readonly type: 'failed'; readonly reason: string };

export interface HostArguments {
  readonly scenario: string;
  readonly contestant: string;
  readonly parts: readonly string[];
}

/** Milliseconds. Far more than any round takes, or filling a cache of a million entries; only a deadlock reaches it. */
const patience = 180_000;
/** Milliseconds that a process has for closing, and for removing thousands of files. */
const farewell = 60_000;

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
    // Whatever comes first in a round may be at an advantage.
    const inTurn = round % 2 === 0 ? games : games.toReversed();
    for (const game of inTurn) await playRound(game, round, round >= scenario.warmUps);
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

/** One contestant's process. One that fails, hangs or dies answers, too: with the reason. */
class Player {
  readonly #host: ChildProcess;
  readonly #exited: Promise<unknown>;

  constructor(scenario: Scenario, contestant: Contestant, parts: readonly Part[]) {
    const args: HostArguments = {
      scenario: scenario.name,
      contestant: contestant.name,
      parts: parts.map((part) => part.name),
    };
    this.#host = fork(fileURLToPath(new URL('host.ts', import.meta.url)), [JSON.stringify(args)], {
      // What a contestant prints must not get into the report.
      stdio: ['ignore', 2, 2, 'ipc'],
      env: { ...process.env, THREADMEMO_BENCH_PACKAGE: contestant.package },
    });
    this.#exited = once(this.#host, 'exit');
  }

  /** The answer to the last order; at first, whether the contestant is open. */
  async answer(): Promise<Answer> {
    const host = this.#host;
    return await new Promise<Answer>((resolve) => {
      const settle = (answer: Answer) => {
        clearTimeout(timer);
        host.off('message', settle);
        resolve(answer);
      };
      const fail = (reason: string) => settle({ type: 'failed', reason });
      const timer = setTimeout(fail, patience, `no answer in ${patience / 1_000} s`);
      host.once('message', settle);
      void this.#exited.then(() => fail('its process died'));
    });
  }

  async ask(order: Order): Promise<Answer> {
    const answer = this.answer();
    // A process that is gone cannot be written to; `answer` says so.
    this.#host.send(order, () => {});
    return await answer;
  }

  async leave(): Promise<void> {
    this.#host.send({ type: 'close' } satisfies Order, () => {});
    const timer = setTimeout(() => this.#host.kill('SIGKILL'), farewell);
    await this.#exited;
    clearTimeout(timer);
  }

  /** Ends a process that cannot be asked to leave any more. */
  async expel(): Promise<void> {
    this.#host.kill('SIGKILL');
    await this.#exited;
  }
}
