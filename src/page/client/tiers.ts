/** The tiers, fastest first. */

import type { PageTier } from '../snapshot.ts';
import { byId, make } from './dom.ts';
import { count, duration, percent } from './words.ts';

const HEADS = [
  'Tier',
  'State',
  'Hits',
  'Misses',
  'Writes',
  'Failures',
  'Owed',
  'Latency',
  'Slowest',
];

export function showTiers(tiers: readonly PageTier[]): void {
  if (tiers.length === 0)
    return byId('tiers').replaceChildren(
      make('p', { class: 'muted' }, 'There are none: memory only.'),
    );
  const head = make('tr', {}, ...HEADS.map((title) => make('th', {}, title)));
  const rows = tiers.map((tier) => make('tr', {}, make('th', {}, tier.name), ...cellsOf(tier)));
  byId('tiers').replaceChildren(
    make('table', {}, make('thead', {}, head), make('tbody', {}, ...rows)),
  );
}

function cellsOf({ up, hits, misses, writes, failures, owed, latency }: PageTier): HTMLElement[] {
  const asked = percent(hits, hits + misses);
  const texts = [
    up ? 'up' : 'left out',
    `${count(hits)}${asked && ` (${asked})`}`,
    ...[misses, writes, failures, owed].map(count),
    duration(latency?.mean ?? null),
    duration(latency?.slowest ?? null),
  ];
  return texts.map((text, at) => make('td', { class: at === 0 && !up ? 'bad' : '' }, text));
}
