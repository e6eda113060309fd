/** The processes: those of the service, behind what a load balancer does, and a Redis of the example's own. */

import { type ChildProcess, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { createInterface } from 'node:readline';
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

export const installation = `There is no redis-server here, which this example starts. To install it:

  Debian, Ubuntu:  sudo apt-get install redis-server
  Fedora:          sudo dnf install valkey-compat-redis
  macOS:           brew install redis`;

export interface Redis {
  readonly url: string;
  /** It keeps its connections, and answers nothing. */
  stop(): void;
  goOn(): void;
  end(): Promise<void>;
}

/** On a free port, with nothing on the disk. `undefined` if redis-server is not installed. */
export async function startRedis(): Promise<Redis | undefined> {
  const port = await freePort();
  const settings = { port, bind: '127.0.0.1', save: '', appendonly: 'no' };
  const args = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, String(value)]);
  const child = spawn('redis-server', args, { stdio: ['ignore', 'pipe', 'inherit'] });
  if (!(await isReady(child))) return undefined;
  process.once('exit', () => child.kill('SIGKILL'));
  return {
    url: `redis://127.0.0.1:${port}`,
    stop: () => child.kill('SIGSTOP'),
    goOn: () => child.kill('SIGCONT'),
    async end() {
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
    },
  };
}

function isReady(child: ChildProcess): Promise<boolean> {
  return new Promise((resolve, reject) => {
    child.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') resolve(false);
      else reject(error);
    });
    child.once('exit', (code) => reject(new Error(`redis-server has ended with ${code}`)));
    if (!child.stdout) return;
    createInterface({ input: child.stdout }).on('line', (line) => {
      if (line.includes('Ready to accept connections')) resolve(true);
    });
  });
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}
