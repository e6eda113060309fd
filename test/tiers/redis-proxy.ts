/** A TCP proxy before a server, which does to connections what networks do. */

import { once } from 'node:events';
import { createConnection, createServer, type Server, type Socket } from 'node:net';

export type Weather =
  /** All is passed on. */
  | 'fine'
  /** Nothing is passed on in either direction, and no connection ends: packets are lost. */
  | 'black hole'
  /** What the client says arrives, and the server's answers do not. */
  | 'half open';

export interface TcpProxy {
  readonly port: number;
  /** Connections that were made so far. */
  readonly accepted: number;
  /** Milliseconds that each answer is late. */
  delay: number;
  weather: Weather;
  /**
   * Keeps back what the server says on one connection, in the order in which they were made.
   * @returns what lets it go on
   */
  hold(connection: number): () => void;
  /** Ends all connections, as a server does that goes away. New ones are accepted. */
  cut(): void;
  close(): Promise<void>;
}

interface Pair {
  readonly client: Socket;
  readonly server: Socket;
}

export async function proxyTo(target: number): Promise<TcpProxy> {
  const pairs = new Set<Pair>();
  /** What is kept back, by the client. */
  const held = new Map<Socket, (() => void)[]>();
  let accepted = 0;
  const listener: Server = createServer((client) => {
    accepted++;
    const pair: Pair = { client, server: createConnection(target, '127.0.0.1') };
    pairs.add(pair);
    pipe(pair.client, pair.server, pass('black hole'));
    pipe(pair.server, pair.client, pass('black hole', 'half open'));
    for (const socket of [pair.client, pair.server]) {
      socket.on('error', () => {});
      socket.on('close', () => end(pair));
    }
  });
  /** What is lost stays lost; TCP would bring it later, if the connection is still there. */
  const pass =
    (...lost: Weather[]) =>
    (to: Socket, chunk: Buffer) => {
      if (lost.includes(proxy.weather)) return;
      const send = () => to.writable && to.write(chunk);
      const kept = held.get(to);
      if (kept) return void kept.push(send);
      if (proxy.delay > 0 && lost.includes('half open')) setTimeout(send, proxy.delay);
      else send();
    };
  const end = (pair: Pair) => {
    if (proxy.weather !== 'fine') return;
    pairs.delete(pair);
    pair.client.destroy();
    pair.server.destroy();
  };
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const cut = () => {
    for (const { client, server } of pairs) {
      client.destroy();
      server.destroy();
    }
    pairs.clear();
  };
  const proxy: TcpProxy = {
    port: (listener.address() as { port: number }).port,
    get accepted() {
      return accepted;
    },
    delay: 0,
    weather: 'fine',
    hold(connection) {
      const { client } = [...pairs][connection] as Pair;
      const kept: (() => void)[] = [];
      held.set(client, kept);
      return () => {
        held.delete(client);
        for (const send of kept) send();
      };
    },
    cut,
    async close() {
      cut();
      listener.close();
      await once(listener, 'close');
    },
  };
  return proxy;
}

function pipe(from: Socket, to: Socket, pass: (to: Socket, chunk: Buffer) => void): void {
  from.setNoDelay(true);
  from.on('data', (chunk) => pass(to, chunk));
}
