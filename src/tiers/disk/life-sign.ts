/**
 * Shows processes in other containers when this one has ended. Its process id means nothing to them,
 * and a heartbeat that is missing takes half a minute to notice: a container that is started again
 * would wait so long for its own former self.
 *
 * The kernel closes the sockets of a process that ends. So a process listens on one in the directory,
 * and a connection that is refused says that it has ended, in every container that has the directory
 * mounted and runs on the same kernel. A stopped process still accepts: its heartbeat counts.
 */

import { closeSync, constants, openSync, rmSync } from 'node:fs';
import { createConnection, createServer, type Server } from 'node:net';
import { join } from 'node:path';

/** Bytes that the path of a socket may have, on all systems. */
const LONGEST = 100;

export class LifeSign {
  readonly #directory: string;
  readonly name: string;
  #server: Server | undefined;

  /** @param name of a file that there is not */
  constructor(directory: string, name: string) {
    this.#directory = directory;
    this.name = name;
  }

  /** @returns whether others can see it: not where sockets cannot be made */
  begin(): Promise<boolean> {
    return withPath(this.#directory, this.name, (path) => {
      const server = createServer((socket) => socket.destroy());
      this.#server = server.unref();
      return new Promise<boolean>((resolve) => {
        server.once('error', () => resolve(false));
        server.listen({ path, exclusive: true }, () => resolve(true));
      });
    });
  }

  end(): void {
    this.#server?.close();
    removeSign(this.#directory, this.name);
  }
}

export function removeSign(directory: string, name: string): void {
  rmSync(join(directory, name), { force: true });
}

/** Whether it is sure that the process with this sign has ended. */
export function isOver(directory: string, name: string): Promise<boolean> {
  return withPath(directory, name, (path) => {
    const socket = createConnection({ path }).unref();
    return new Promise<boolean>((resolve) => {
      socket.once('connect', () => resolve(false));
      socket.once('error', ({ code }: NodeJS.ErrnoException) => resolve(code === 'ECONNREFUSED'));
    }).finally(() => socket.destroy());
  });
}

/** The path of a socket is short, and that of a directory need not be: Linux has another name for it. */
async function withPath(
  directory: string,
  name: string,
  use: (path: string) => Promise<boolean>,
): Promise<boolean> {
  const path = join(directory, name);
  if (Buffer.byteLength(path) <= LONGEST) return use(path);
  let open: number;
  try {
    open = openSync(directory, constants.O_RDONLY | constants.O_DIRECTORY);
  } catch {
    return false;
  }
  try {
    return await use(`/proc/self/fd/${open}/${name}`);
  } finally {
    closeSync(open);
  }
}
