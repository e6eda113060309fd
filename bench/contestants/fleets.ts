/** Who works in several processes over one Redis? Each process is told what to do, and answers. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { proxyTo, type TcpProxy } from '../../test/tiers/redis-proxy.ts';
import type { Closable, Contestant } from '../scenario.ts';
import type { MemberOrders } from './member.ts';
import { redisMissing, startRedis } from './redis-server.ts';

export const processes = 3;

/** What only threadmemo promises. */
const notForIt = {
  'fleet handover': 'a waiting process does not know of others',
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
    // Redis will be away, and no message needs to say so.
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

function fleetOf(
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

const alone = 'its processes share nothing';
const proxied = 'a proxy would be measured';

/** What each of them does in a process: `member-caches.ts`. */
export const fleets: readonly Contestant<Fleet>[] = [
  fleetOf(
    'async-cache-dedupe',
    'Piscina behind async-cache-dedupe, redis storage: no memory before it',
    notForIt,
  ),
  fleetOf(
    'bentocache',
    'Piscina behind bentocache: memory before Redis; its bus between processes',
    notForIt,
  ),
  fleetOf(
    'layered-loader',
    'Piscina behind layered-loader: lru-map before Redis; values as JSON',
    notForIt,
  ),
  fleetOf(
    'threadmemo',
    'threadmemo with redisTier, default options: one computation in the fleet; values copied',
    { 'fleet outage': notForIt['fleet outage'] },
  ),
  fleetOf('threadmemo-alone', 'threadmemo without a tier', {
    'fleet handover': alone,
    'fleet outage': alone,
  }),
  fleetOf(
    'threadmemo-cut-off',
    'threadmemo with redisTier, default options, behind a proxy that can lose everything',
    { 'fleet stampede': proxied, 'fleet hits': proxied, 'fleet handover': proxied },
    true,
  ),
];
