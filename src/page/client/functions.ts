/** The table of functions, which is sorted by the column that was clicked last. */

import type { PageFunction } from '../snapshot.ts';
import type { Action } from './actions.ts';
import { make, nameLines, setText } from './dom.ts';
import { count, duration, partsOf, percent, size } from './words.ts';

interface Column {
  readonly title: string;
  readonly hint?: string;
  value(of: PageFunction): number | string;
  text(of: PageFunction): string;
}

const hitsOf = ({ near, shared, memory, tiers }: PageFunction) => near + shared + memory + tiers;

/** A column of which the figure is the value. */
function plain(
  title: string,
  value: (of: PageFunction) => number | null,
  show: (value: number) => string = count,
  hint?: string,
): Column {
  return {
    title,
    ...(hint && { hint }),
    value: (of) => value(of) ?? -1,
    text: (of) => {
      const known = value(of);
      return known === null ? '' : show(known);
    },
  };
}

const columns: readonly Column[] = [
  { title: 'Function', value: ({ id }) => partsOf(id).name, text: ({ id }) => id },
  plain('Calls', ({ calls }) => calls),
  {
    title: 'Hits',
    value: (of) => (of.calls === 0 ? -1 : hitsOf(of) / of.calls),
    text: (of) => percent(hitsOf(of), of.calls),
  },
  plain('near', ({ near }) => near, count, 'hits in the copy of the calling thread'),
  plain('shared', ({ shared }) => shared, count, 'hits in shared memory'),
  plain('memory', ({ memory }) => memory, count, 'hits that the main thread has answered'),
  plain('tiers', ({ tiers }) => tiers, count, 'hits on disk, in Redis …'),
  plain('Waits', ({ waits }) => waits, count, 'calls that waited for a computation under way'),
  plain('Computed', ({ computations }) => computations),
  plain('Errors', ({ errors }) => errors),
  plain('p50', ({ p50 }) => p50, duration, 'half of the computations take less'),
  plain('p95', ({ p95 }) => p95, duration, '95 % of the computations take less'),
  plain('Spent', ({ spent }) => spent, duration, 'computing'),
  plain('Saved', ({ saved }) => saved, duration, 'computing that hits and waits did without'),
  plain('Entries', ({ entries }) => entries),
  plain('Bytes', ({ bytes }) => bytes, size),
  plain('Evicted', ({ evictions }) => evictions),
];

interface Row {
  readonly row: HTMLTableRowElement;
  /** But the first. */
  readonly cells: readonly HTMLElement[];
}

export class FunctionTable {
  readonly #root: HTMLElement;
  readonly #action: Action | undefined;
  readonly #rows = new Map<string, Row>();
  readonly #heads: readonly HTMLElement[];
  readonly #body = make('tbody');
  #functions: readonly PageFunction[] = [];
  #by = columns.findIndex(({ title }) => title === 'Spent');
  #sign = -1;

  constructor(root: HTMLElement, action: Action | undefined) {
    this.#root = root;
    this.#action = action;
    this.#heads = columns.map(({ title, hint = '' }, at) => {
      const button = make('button', { title: hint, click: () => this.#sortBy(at) }, title);
      const head = make('th', {}, button);
      head.scope = 'col';
      return head;
    });
    const more = action ? [make('th')] : [];
    const head = make('thead', {}, make('tr', {}, ...this.#heads, ...more));
    root.replaceChildren(make('table', {}, head, this.#body));
  }

  show(functions: readonly PageFunction[]): void {
    this.#functions = functions;
    for (const each of functions) {
      const { cells } = this.#rowOf(each.id);
      for (const [at, cell] of cells.entries())
        setText(cell, (columns[at + 1] as Column).text(each));
      cells[ERRORS - 1]?.classList.toggle('bad', each.errors > 0);
    }
    this.#order();
  }

  #sortBy(at: number): void {
    // Names begin with A, figures with the largest.
    this.#sign = at === this.#by ? -this.#sign : at === 0 ? 1 : -1;
    this.#by = at;
    this.#order();
    this.#root.scrollTop = 0;
  }

  #order(): void {
    const { value } = columns[this.#by] as Column;
    const sorted = [...this.#functions].sort(
      (a, b) => this.#sign * compare(value(a), value(b)) || compare(a.id, b.id),
    );
    for (const [at, { id }] of sorted.entries()) {
      const { row } = this.#rowOf(id);
      const there = this.#body.rows[at];
      if (there !== row) this.#body.insertBefore(row, there ?? null);
    }
    for (const [at, head] of this.#heads.entries()) {
      if (at !== this.#by) head.removeAttribute('aria-sort');
      else head.ariaSort = this.#sign > 0 ? 'ascending' : 'descending';
    }
  }

  #rowOf(id: string): Row {
    const known = this.#rows.get(id);
    if (known) return known;
    const head = make('th', { title: id }, ...nameLines(partsOf(id)));
    head.scope = 'row';
    const cells = columns.slice(1).map(() => make('td'));
    const row = make('tr', {}, head, ...cells);
    const action = this.#action;
    if (action) row.append(make('td', {}, clearButton(id, action)));
    const made = { row, cells };
    this.#rows.set(id, made);
    return made;
  }
}

const ERRORS = columns.findIndex(({ title }) => title === 'Errors');

function clearButton(id: string, action: Action): HTMLElement {
  const click = () => action({ action: 'clear', function: id }, `Forget all values of ${id}?`);
  return make('button', { click, title: 'Forget all its values' }, 'Clear');
}

function compare<T extends number | string>(a: T, b: T): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
