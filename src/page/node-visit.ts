/** A request and a response of `node:http`, which Express and Fastify have inside. */

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { EventStream } from './viewers.ts';
import { type PageHeaders, type PageVisit, queryOf } from './visit.ts';

export function nodeVisit(request: IncomingMessage, response: ServerResponse): PageVisit {
  return {
    method: request.method ?? 'GET',
    query: queryOf(request.url),
    header: (name) => {
      const value = request.headers[name];
      return Array.isArray(value) ? value.join(', ') : value;
    },
    send(status, headers, body) {
      response.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(body) });
      response.end(request.method === 'HEAD' ? undefined : body);
    },
    stream: (headers) => streamOf(request, response, headers),
  };
}

function streamOf(
  request: IncomingMessage,
  response: ServerResponse,
  headers: PageHeaders,
): EventStream {
  response.writeHead(200, { ...headers, ...endsWithStream(request) });
  return {
    get isSlow() {
      return response.writableNeedDrain;
    },
    get isServerClosing() {
      return isServerClosing(request);
    },
    write: (text) => void response.write(text),
    end: () => void response.end(),
    onGone(gone) {
      if (response.destroyed || response.closed) return gone();
      response.once('close', gone);
      // A write to a connection that was reset a moment ago.
      response.on('error', gone);
    },
  };
}

/** Else a server that is being closed would wait for the connection until its keep-alive is over. */
export function endsWithStream({ httpVersionMajor }: Pick<IncomingMessage, 'httpVersionMajor'>) {
  return httpVersionMajor === 1 ? { connection: 'close' } : {};
}

/** `server.close()` was called: it would wait for the stream, and so would the process. */
export function isServerClosing({ socket }: Pick<IncomingMessage, 'socket'>): boolean {
  const { server } = socket as { server?: { readonly listening?: boolean } };
  return server?.listening === false;
}
