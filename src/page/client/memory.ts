/** The memory, by function: bars of those that take most. */

import type { PageSnapshot } from '../snapshot.ts';
import { byId, make } from './dom.ts';
import { count, partsOf, percent, size } from './words.ts';

const MOST_BARS = 12;

export function showMemory({ functions, memory: { used, most } }: PageSnapshot): void {
  const sorted = functions.filter(({ bytes }) => bytes > 0).sort((a, b) => b.bytes - a.bytes);
  const largest = sorted[0]?.bytes ?? 1;
  const shown = sorted.slice(0, MOST_BARS);
  const rest = sorted.slice(MOST_BARS).reduce((sum, { bytes }) => sum + bytes, 0);
  const bars = shown.flatMap(({ id, bytes }) => barOf(partsOf(id).name, id, bytes, largest));
  if (rest > 0) {
    const others = `${count(sorted.length - MOST_BARS)} others`;
    bars.push(...barOf(others, others, rest, Math.max(largest, rest)));
  }
  const total = `${size(used)} of ${size(most)} are in use (${percent(used, most)}).`;
  byId('memory').replaceChildren(
    make('p', { class: 'muted' }, total),
    make('div', { class: 'bars' }, ...bars),
  );
}

function barOf(name: string, title: string, bytes: number, largest: number): HTMLElement[] {
  const bar = make('div', { class: 'bar' });
  bar.style.width = `${(100 * bytes) / largest}%`;
  return [make('span', { title }, name), bar, make('span', { class: 'figure' }, size(bytes))];
}
