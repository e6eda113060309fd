/** A Redis server of a test's own, on a port that is free, with nothing on the disk. */

import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { createInterface } from 'node:readline';
import { createClient } from 'redis';

export interface RedisServer {
  readonly port: number;
  readonly url: string;
  readonly process: ChildProcess;
  /** One command, from outside. */
  command(...args: (string | Buffer)[]): Promise<unknown>;
  /** Ends it; `start` begins another one, empty, on the same port. */
  stop(): Promise<void>;
  start(): Promise<void>;
}

/** Another one than the system's, with `REDIS_SERVER`: `valkey-server`, or the path of any. */
const program = process.env['REDIS_SERVER'] ?? 'redis-server';

const isCi = ['CI', 'THREADMEMO_CI'].some((name) => process.env[name]);

/** Whether what needs this command is left out, and says so; never in CI, where it fails. */
export function isLeftOut(what: string, command: string, argument: string): boolean {
  if (isCi) return false;
  try {
    execFileSync(command, [argument], { stdio: 'ignore' });
    return false;
  } catch {
    console.warn(`SKIPPED: ${what}; there is no ${command} (apt-get install ${command})`);
    return true;
  }
}

export const withoutRedis = isLeftOut('all that needs Redis', program, '--version');

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}

export async function startRedis(...settings: string[]): Promise<RedisServer> {
  const port = await freePort();
  let child = await run(port, settings);
  const admin = createClient({ url: `redis://127.0.0.1:${port}` });
  admin.on('error', () => {});
  await admin.connect();
  return {
    port,
    url: `redis://127.0.0.1:${port}`,
    get process() {
      return child;
    },
    command: (...args) => admin.sendCommand(args),
    async stop() {
      if (admin.isOpen) admin.destroy();
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill('SIGKILL');
      await once(child, 'exit');
    },
    async start() {
      child = await run(port, settings);
      await admin.connect();
    },
  };
}

async function run(port: number, settings: readonly string[]): Promise<ChildProcess> {
  const own = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'];
  const child = spawn(program, [...own, ...settings], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(child, 'exit').then(() => {
    throw new Error('redis-server has ended at once');
  });
  await Promise.race([ready(child), exited]);
  exited.catch(() => {});
  return child;
}

async function ready(child: ChildProcess): Promise<void> {
  const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream });
  await new Promise<void>((resolve) => {
    lines.on('line', (line) => {
      if (line.includes('Ready to accept connections')) resolve();
    });
  });
}
