/** A `Request` that is answered with a `Response`: Hono, and any handler of that kind. */

import type { IncomingMessage } from 'node:http';
import { endsWithStream, isServerClosing } from './node-visit.ts';
import type { EventStream } from './viewers.ts';
import { type PageHeaders, type PageVisit, queryOf } from './visit.ts';

type Incoming = Pick<IncomingMessage, 'socket' | 'httpVersionMajor'>;

/** @param incoming what the request was made of, where that is known */
export function fetchVisit(
  request: Request,
  incoming: Incoming | undefined,
  respond: (response: Response) => void,
): PageVisit {
  const { method } = request;
  return {
    method,
    query: queryOf(request.url),
    header: (name) => request.headers.get(name) ?? undefined,
    send: (status, headers, body) =>
      respond(new Response(method === 'HEAD' ? null : body, { status, headers })),
    stream(headers) {
      const stream = new ResponseStream(request.signal, incoming);
      respond(stream.response(headers));
      return stream;
    },
  };
}

class ResponseStream implements EventStream {
  readonly #incoming: Incoming | undefined;
  readonly #signal: AbortSignal;
  readonly #encoder = new TextEncoder();
  readonly #body: ReadableStream<Uint8Array>;
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  #gone: () => void = () => {};

  constructor(signal: AbortSignal, incoming: Incoming | undefined) {
    this.#signal = signal;
    this.#incoming = incoming;
    this.#body = new ReadableStream({
      start: (controller) => {
        this.#controller = controller;
      },
      cancel: () => this.#leave(),
    });
  }

  response(headers: PageHeaders): Response {
    const more = this.#incoming ? endsWithStream(this.#incoming) : {};
    return new Response(this.#body, { headers: { ...headers, ...more } });
  }

  get isSlow(): boolean {
    return (this.#controller?.desiredSize ?? 0) <= 0;
  }

  get isServerClosing(): boolean {
    return this.#incoming !== undefined && isServerClosing(this.#incoming);
  }

  write(text: string): void {
    this.#controller?.enqueue(this.#encoder.encode(text));
  }

  end(): void {
    this.#controller?.close();
    this.#controller = undefined;
  }

  onGone(gone: () => void): void {
    this.#gone = gone;
    if (this.#signal.aborted) return this.#leave();
    this.#signal.addEventListener('abort', () => this.#leave(), { once: true });
  }

  #leave(): void {
    this.#controller = undefined;
    this.#gone();
  }
}
