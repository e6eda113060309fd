/**
 * A request of a Node server once more, for no client: the server gets it as one of its own, with a socket that
 * takes what is sent and keeps nothing of it. So it passes all that stands before the route, as a request of
 * a client does, and what would not let that one pass does not let this one.
 */

import { IncomingMessage, type Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import { outside } from '../compute/outside.ts';
import type { Again } from './exchange.ts';

/** What frameworks put on a request whose address they change. */
interface Arrived extends IncomingMessage {
  readonly originalUrl?: string;
}

/** A client's alone: what is made for all does not depend on it. */
const OWN = ['if-none-match', 'if-modified-since', 'connection'];

/** `undefined` where the server is not known, or does not speak HTTP/1. */
export function nodeAgain(message: Arrived): Again | undefined {
  const { socket, httpVersionMajor, httpVersion, method, rawHeaders } = message;
  const { server } = socket as { server?: Server };
  if (httpVersionMajor !== 1 || typeof server?.emit !== 'function') return undefined;
  const { url = '', originalUrl = url } = message;
  return (known, ended) =>
    // In no caller's asynchronous context, as requests come in.
    outside(() => {
      const its = new IncomingMessage(new NoClient(socket as TLSSocket) as unknown as Socket);
      const headers = rawHeaders.flatMap((name, at) =>
        at % 2 === 0 && !OWN.includes(name.toLowerCase()) ? [name, rawHeaders[at + 1] ?? ''] : [],
      );
      Object.assign(its, { method, url: originalUrl, httpVersion, complete: true });
      Object.assign(its, { httpVersionMajor, httpVersionMinor: message.httpVersionMinor });
      its.rawHeaders = headers;
      for (const name of Object.keys(message.headers))
        if (!OWN.includes(name)) its.headers[name] = message.headers[name];
      its.push(null);
      const response = new ServerResponse(its);
      response.assignSocket(its.socket);
      response.once('finish', () => its.socket.destroy());
      response.once('close', ended);
      known(its);
      server.emit('request', its, response);
    });
}

/** With what the request's handler may read of a socket. */
class NoClient extends Duplex {
  readonly encrypted: boolean;
  readonly remoteAddress: string | undefined;
  readonly remotePort: number | undefined;
  readonly remoteFamily: string | undefined;
  readonly localAddress: string | undefined;
  readonly localPort: number | undefined;

  constructor(of: TLSSocket) {
    super();
    this.encrypted = of.encrypted === true;
    this.remoteAddress = of.remoteAddress;
    this.remotePort = of.remotePort;
    this.remoteFamily = of.remoteFamily;
    this.localAddress = of.localAddress;
    this.localPort = of.localPort;
  }

  override _read(): void {}

  override _write(_chunk: unknown, _encoding: string, done: () => void): void {
    done();
  }

  setTimeout(): this {
    return this;
  }

  setNoDelay(): this {
    return this;
  }

  setKeepAlive(): this {
    return this;
  }

  destroySoon(): void {
    this.end(() => this.destroy());
  }
}
