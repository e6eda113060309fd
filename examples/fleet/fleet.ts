/** The processes of the service, and who of them is asked. */

import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { journalVariable } from './journal.ts';

const program = fileURLToPath(new URL('service.ts', import.meta.url));

export interface Member {
  readonly pid: number;
  readonly address: string;
  readonly child: ChildProcess;
}

export class Fleet {
  readonly #env: NodeJS.ProcessEnv;
  /** In the order in which they are asked. */
  #members: readonly Member[] = [];
  #asked = 0;
  /** The ids of those that were killed. */
  readonly dead = new Set<number>();

  private constructor(redis: string, journal: string) {
    this.#env = { ...process.env, FLEET_REDIS: redis, [journalVariable]: journal };
  }

  static async start(count: number, redis: string, journal: string): Promise<Fleet> {
    const fleet = new Fleet(redis, journal);
    fleet.#members = await Promise.all(Array.from({ length: count }, () => fleet.#startOne()));
    return fleet;
  }

  get members(): readonly Member[] {
    return this.#members;
  }

  /** As a load balancer does: one after the other. */
  next(): Member {
    return this.#members[this.#asked++ % this.#members.length] as Member;
  }

  /** It has no time for anything, and another one takes its place as soon as it can. */
  async kill(member: Member): Promise<void> {
    this.dead.add(member.pid);
    const ended = once(member.child, 'exit');
    member.child.kill('SIGKILL');
    await ended;
    this.#members = this.#members.filter((other) => other !== member);
    const successor = await this.#startOne();
    this.#members = [...this.#members, successor];
  }

  async end(): Promise<void> {
    const ended = this.#members.map(({ child }) => once(child, 'exit'));
    for (const { child } of this.#members) child.disconnect();
    await Promise.all(ended);
  }

  /** One whose thread has started: it has drawn a tile that no other process asks for. */
  async #startOne(): Promise<Member> {
    const child = fork(program, { env: this.#env });
    const pid = child.pid as number;
    const [{ port }] = (await once(child, 'message')) as [{ port: number }];
    const member = { pid, child, address: `http://127.0.0.1:${port}` };
    await (await fetch(`${member.address}/0/${pid}/0`)).text();
    return member;
  }
}
