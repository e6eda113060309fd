/** `threadmemo page <address>`: what the page of a running process shows at this moment, as text. */

import type { PageFlight, PageFunction, PageSnapshot, PageTier } from '../page/snapshot.ts';
import { printable } from '../text/printable.ts';
import { Exit, Unusable } from './ended.ts';
import { print } from './print.ts';
import { tableOf } from './table.ts';
import { duration, grouped, size } from './wording.ts';

const TIMEOUT_MS = 10_000;
/** The functions that have computed longest; `--json` has all. */
const MOST_FUNCTIONS = 40;

/** @throws {Unusable} when there is no page at the address */
export async function showPage(
  address: string,
  { json }: { readonly json?: boolean },
): Promise<number> {
  const snapshot = await snapshotAt(address);
  const text = json ? printable(JSON.stringify(snapshot)) : wordsOf(snapshot);
  return (await print(text)) ? Exit.done : Exit.unread;
}

async function snapshotAt(address: string): Promise<PageSnapshot> {
  const url = eventsOf(address);
  const shown = `${url.origin}${url.pathname}`;
  const { username, password } = url;
  const headers = username ? { authorization: basic(username, password) } : {};
  url.username = url.password = '';
  try {
    const response = await fetch(url, { headers, signal: AbortSignal.timeout(TIMEOUT_MS) });
    const type = response.headers.get('content-type') ?? 'no type';
    if (!response.ok || !type.startsWith('text/event-stream'))
      throw new Unusable(
        `there is no page of threadmemo's at ${shown}: status ${response.status}, ${type}`,
      );
    return await firstIn(response);
  } catch (error) {
    if (error instanceof Unusable) throw error;
    const { cause, message } = error as Error;
    const why =
      cause instanceof Error ? cause.message || String((cause as { code?: string }).code) : message;
    throw new Unusable(`${shown} does not answer: ${why}`);
  }
}

/** @throws {Unusable} */
function eventsOf(address: string): URL {
  const whole = /^https?:\/\//.test(address) ? address : `http://${address}`;
  if (!URL.canParse(whole))
    throw new Unusable(`${address} is no address, such as http://localhost:9000/cache`);
  const url = new URL(whole);
  url.searchParams.set('events', '');
  return url;
}

function basic(user: string, password: string): string {
  return `Basic ${Buffer.from(`${decoded(user)}:${decoded(password)}`).toString('base64')}`;
}

/** A percent sign that begins no escape is one. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

async function firstIn({ body }: Response): Promise<PageSnapshot> {
  const decoder = new TextDecoder();
  let text = '';
  for await (const bytes of (body ?? []) as AsyncIterable<Uint8Array>) {
    text += decoder.decode(bytes, { stream: true });
    const [, data] = /^data: (.*)\n\n/m.exec(text) ?? [];
    if (data) return JSON.parse(data) as PageSnapshot;
  }
  throw new Error('it has ended the stream');
}

function wordsOf({ state, ms, threads, queued, memory, ...seen }: PageSnapshot): string {
  const title =
    `The pool is ${state} since ${duration(ms)}: ${threads.up} of ${threads.wanted} threads are up, ` +
    `${grouped(queued)} calls are queued, ${size(memory.used)} of ${size(memory.most)} are in use.`;
  const findings = seen.findings.map(({ text }) => `- ${printable(text)}`);
  const sorted = [...seen.functions].sort((a, b) => b.spent - a.spent);
  const rows = sorted.slice(0, MOST_FUNCTIONS).map(rowOf);
  const left = sorted.length - rows.length;
  const parts = [
    [title],
    findings.length > 0 ? findings : ['Nothing fails, and nothing was found that does not pay.'],
    rows.length > 0 ? [tableOf([HEADER, ...rows])] : ['No memoized function was called.'],
    left > 0 ? [`and ${grouped(left)} more that have computed less`] : [],
    seen.flights.map((flight, at) => flightLine(flight, at, seen.flights)),
    seen.tiers.map(tierLine),
  ];
  return parts
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n');
}

const HEADER = [
  ...['function', 'module', 'calls', 'hits', 'waits', 'computed', 'errors', 'p50', 'p95'],
  ...['spent', 'saved', 'held', 'evicted'],
];

function rowOf(each: PageFunction): string[] {
  const at = each.id.lastIndexOf('#');
  const counts = [each.calls, each.near + each.shared + each.memory + each.tiers, each.waits];
  return [
    printable(each.id.slice(at + 1)),
    printable(each.id.slice(0, Math.max(0, at))),
    ...[...counts, each.computations, each.errors].map(grouped),
    ...[each.p50, each.p95].map((ms) => (ms === null ? '' : `${ms.toFixed(1)}ms`)),
    ...[each.spent, each.saved].map(duration),
    size(each.bytes),
    grouped(each.evictions),
  ];
}

function flightLine(
  { functionId, key, state, ageMs, threadId, waiters, waitsFor }: PageFlight,
  at: number,
  flights: readonly PageFlight[],
): string {
  const where = threadId === null ? '' : ` on thread ${threadId}`;
  const next = waitsFor.map((id) => `#${id + 1} ${nameOf(flights[id]?.functionId ?? '')}`);
  const arrow = next.length > 0 ? ` -> waits for ${next.join(', ')}` : '';
  const name = printable(key ?? nameOf(functionId));
  return `#${at + 1} ${name}: ${state}, ${duration(ageMs)}${where}, callers: ${waiters}${arrow}`;
}

function tierLine({ name, up, hits, misses, failures, latency }: PageTier): string {
  const speed = latency ? `, ${latency.mean.toFixed(1)}ms an operation` : '';
  return (
    `tier ${printable(name)}: ${up ? 'up' : 'left out'}, ${grouped(hits)} hits, ` +
    `${grouped(misses)} misses, ${grouped(failures)} failures${speed}`
  );
}

function nameOf(id: string): string {
  return printable(id.slice(id.lastIndexOf('#') + 1));
}
