/**
 * What is in flight, as trees: below a computation stands what it waits for. What several wait for is written out
 * once, and named the other times.
 */

import type { PageFlight, PageSnapshot } from '../snapshot.ts';
import { byId, make } from './dom.ts';
import { duration, partsOf } from './words.ts';

export function showFlights({ flights, queued }: PageSnapshot): void {
  const root = byId('flights');
  if (flights.length === 0) {
    return root.replaceChildren(make('p', { class: 'muted' }, 'Nothing is being computed.'));
  }
  const list = make('ul');
  const written = new Set<number>();
  const awaited = new Set(flights.flatMap(({ waitsFor }) => waitsFor));
  const ids = [...flights.keys()];
  // A circle has no beginning.
  for (const id of [...ids.filter((each) => !awaited.has(each)), ...ids])
    if (!written.has(id)) list.append(treeOf(id, flights, written));
  const more =
    queued > 0 ? [make('p', { class: 'muted' }, `${queued} wait for a thread or a slot.`)] : [];
  root.replaceChildren(list, ...more);
}

function treeOf(id: number, flights: readonly PageFlight[], written: Set<number>): HTMLElement {
  const flight = flights[id] as PageFlight;
  const { waitsFor } = flight;
  if (written.has(id)) {
    const again = make(
      'span',
      { class: 'flight' },
      `${partsOf(flight.functionId).name} (see #${id + 1})`,
    );
    return make('li', {}, again);
  }
  written.add(id);
  const item = make('li', {}, lineOf(id, flight));
  if (waitsFor.length > 0)
    item.append(make('ul', {}, ...waitsFor.map((next) => treeOf(next, flights, written))));
  return item;
}

function lineOf(
  id: number,
  { functionId, key, state, ageMs, threadId, waiters }: PageFlight,
): HTMLElement {
  const where =
    threadId === null ? '' : threadId === 0 ? ' on the main thread' : ` on thread ${threadId}`;
  const facts = `${duration(ageMs)}${where}, ${waiters === 1 ? '1 caller' : `${waiters} callers`}`;
  const line = make(
    'span',
    { class: 'flight', title: functionId },
    make('span', { class: 'muted' }, `#${id + 1} `),
    make('strong', {}, partsOf(functionId).name),
    ' ',
    make('span', { class: 'state' }, state),
    ` ${facts}`,
  );
  if (key !== undefined)
    line.append(' ', make('code', { title: key }, key.slice(functionId.length)));
  return line;
}
