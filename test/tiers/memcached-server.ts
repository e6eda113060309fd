/** A memcached server of a test's own, on a port that is free. */

import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { MemcachedConnection } from '../../src/tiers/memcached/connection.ts';
import type { MemcachedReply } from '../../src/tiers/memcached/replies.ts';

export interface MemcachedServer {
  readonly address: string;
  readonly port: number;
  readonly process: ChildProcess;
  /** One command, from outside. */
  command(line: string, value?: Buffer): Promise<MemcachedReply>;
  /** The names of all items. */
  names(): Promise<string[]>;
  /** Ends it; `start` begins another one, empty, on the same port. */
  stop(): Promise<void>;
  start(): Promise<void>;
}

function isInstalled(): boolean {
  try {
    execFileSync('memcached', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

const isCi = ['CI', 'THREADMEMO_CI'].some((name) => process.env[name]);

/** Whether tests that need memcached are left out; never in CI, where they fail without it. */
export const withoutMemcached = !isCi && !isInstalled();
if (withoutMemcached) {
  console.warn('SKIPPED: all that needs memcached, which is not there (apt-get install memcached)');
}

export async function startMemcached(...settings: string[]): Promise<MemcachedServer> {
  const port = await freePort();
  let child = await run(port, settings);
  return {
    port,
    address: `127.0.0.1:${port}`,
    get process() {
      return child;
    },
    command: (line, value) => command(port, line, value),
    names: () => namesAt(port),
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill('SIGKILL');
      await once(child, 'exit');
    },
    async start() {
      child = await run(port, settings);
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}

async function run(port: number, settings: readonly string[]): Promise<ChildProcess> {
  const own = ['-p', String(port), '-U', '0', '-l', '127.0.0.1', '-t', '2'];
  const user = process.getuid?.() === 0 ? ['-u', 'nobody'] : [];
  const child = spawn('memcached', [...own, ...user, ...settings], { stdio: 'inherit' });
  const ended = once(child, 'exit').then(() => {
    throw new Error('memcached has ended at once');
  });
  ended.catch(() => {});
  await Promise.race([answers(port), ended]);
  return child;
}

async function answers(port: number): Promise<void> {
  while (true) {
    try {
      return void (await command(port, 'mn'));
    } catch {
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
}

async function command(port: number, line: string, value?: Buffer): Promise<MemcachedReply> {
  const connection = new MemcachedConnection(connect(port, '127.0.0.1'), () => {});
  try {
    return await connection.send(value ? { line, value } : { line });
  } finally {
    connection.cut();
  }
}

async function namesAt(port: number): Promise<string[]> {
  const socket = connect(port, '127.0.0.1');
  socket.write('lru_crawler metadump all\r\n');
  let text = '';
  for await (const chunk of socket) {
    text += chunk;
    if (text.endsWith('END\r\n')) break;
  }
  const names = [...text.matchAll(/^key=(\S+)/gm)];
  return names.map(([, name]) => decodeURIComponent(name as string));
}
