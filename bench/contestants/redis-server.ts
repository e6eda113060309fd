/**
 * Where does a Redis come from? The system's own redis-server, on a free port of this machine,
 * which writes nothing to disk. It ends with the process that has started it, however that ends.
 */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createConnection, createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

export interface RedisServer {
  readonly port: number;
  stop(): Promise<void>;
}

/** The shell ends the server when its own input does: when we close it, or are no more. */
const script = 'redis-server "$@" </dev/null >/dev/null & read -r _; kill $!; wait $!';
/** Milliseconds. */
const patience = 5_000;

/** Why there can be none on this machine. */
export function redisMissing(): string | undefined {
  if (spawnSync('redis-server', ['--version']).status === 0) return undefined;
  return 'there is no redis-server here; on Debian: apt-get install -y redis-server';
}

/** @throws {Error} when it does not answer in time */
export async function startRedis(): Promise<RedisServer> {
  const port = await freePort();
  const settings = ['--port', `${port}`, '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'];
  const shell = spawn('sh', ['-c', script, 'sh', ...settings], { stdio: ['pipe', 'ignore', 2] });
  const exited = once(shell, 'exit');
  const stop = async () => {
    shell.stdin?.end();
    await exited;
  };
  for (const end = performance.now() + patience; !(await answers(port)); await sleep(20)) {
    if (performance.now() < end) continue;
    await stop();
    throw new Error(`redis-server did not answer on port ${port}`);
  }
  return { port, stop };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  if (typeof address !== 'object' || address === null) throw new Error('there is no free port');
  return address.port;
}

async function answers(port: number): Promise<boolean> {
  const socket = createConnection(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
