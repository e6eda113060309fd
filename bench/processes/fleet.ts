/** How does a contestant run in several processes? Each of them is told what to do, and answers. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { proxyTo, type TcpProxy } from '../../test/tiers/redis-proxy.ts';
import type { Closable, Contestant } from '../contestants/contestant.ts';
import { redisMissing, startRedis } from '../in-workers/redis-server.ts';
import type { MemberOrders } from './member.ts';

export const processes = 3;

/** What only threadmemo promises. */
export const notForIt = {
  'fleet handover': 'who waits does not know of other processes',
  'fleet outage': 'only a bar of our own, behind a proxy',
} as const;

type OrderName = keyof MemberOrders;
type Answer<Name extends OrderName> = Awaited<ReturnType<MemberOrders[Name]>>;

export class Member {
  readonly #child: ChildProcess;
  readonly #died: Promise<unknown[]>;

  constructor(contestant: string, port: number) {
    const program = fileURLToPath(new URL('member.ts', import.meta.url));
    const stdio = ['ignore', 2, 2, 'ipc'] as const;
    // Redis will be away, and nobody needs to be told.
    const execArgv = [...process.execArgv, '--disable-warning=ThreadmemoWarning'];
    this.#child = fork(program, [contestant, String(port)], { stdio: [...stdio], execArgv });
    this.#died = once(this.#child, 'exit').then(() => [{ error: 'a process has died' }]);
  }

  /** @throws {Error} what it has failed with */
  async ask<Name extends OrderName>(
    name: Name,
    ...args: Parameters<MemberOrders[Name]>
  ): Promise<Answer<Name>> {
    this.#child.send({ name, args });
    const answered = new Promise<unknown[]>((resolve) => {
      this.#child.once('message', (reply) => resolve([reply]));
    });
    const [reply] = await Promise.race([answered, this.#died]);
    const { answer, error } = reply as { answer: Answer<Name>; error?: string };
    if (error !== undefined) throw new Error(error);
    return answer;
  }

  async close(): Promise<void> {
    if (this.#child.connected) this.#child.disconnect();
    await this.#died;
  }
}

export interface Fleet extends Closable {
  readonly members: readonly Member[];
  /** What is before their Redis, where they are to lose it. */
  readonly proxy: TcpProxy | undefined;
}

export function fleetOf(
  name: string,
  what: string,
  cannot: Contestant['cannot'] = {},
  losesRedis = false,
): Contestant<Fleet> {
  return {
    name,
    what,
    cannot,
    missing: redisMissing,
    async open() {
      const redis = await startRedis();
      const proxy = losesRedis ? await proxyTo(redis.port) : undefined;
      const port = proxy?.port ?? redis.port;
      const members = Array.from({ length: processes }, () => new Member(name, port));
      await Promise.all(members.map((member) => member.ask('open')));
      return {
        members,
        proxy,
        async close() {
          await Promise.all(members.map((member) => member.close()));
          await proxy?.close();
          await redis.stop();
        },
      };
    },
  };
}
