/** What each thread did in the last minute: a lane for each, on the axes of uPlot. */

import uPlot from 'uplot';
import {
  type PageSnapshot,
  type PageThreadState,
  SAMPLE_MS,
  type ThreadSample,
} from '../snapshot.ts';
import { make, setText } from './dom.ts';
import { count } from './words.ts';

const SHOWN_S = 60;
const STATES = ['busy', 'awaiting', 'blocked', 'idle'] as const;

interface Lane {
  readonly threadId: number;
  readonly stretches: Stretch[];
  /** When it was missed first. */
  lostAt?: number;
}

interface Stretch {
  readonly from: number;
  until: number;
  readonly state: PageThreadState;
}

export class ThreadTimeline {
  readonly #root: HTMLElement;
  readonly #now = make('p', { class: 'muted' });
  readonly #plot: uPlot;
  #lanes: Lane[] = [];
  /** Of the last sample. */
  #at = 0;

  constructor(root: HTMLElement) {
    this.#root = root;
    const place = make('div');
    const legend = [...STATES, 'lost'].map((state) => make('span', { class: state }, state));
    root.replaceChildren(this.#now, place, make('div', { class: 'legend' }, ...legend));
    this.#plot = new uPlot(this.#options(), DATA, place);
    new ResizeObserver(() => this.#resize()).observe(root);
  }

  show({ threads: { samples, lost } }: PageSnapshot): void {
    for (const sample of samples) if (sample.at > this.#at) this.#add(sample);
    const oldest = this.#at - SHOWN_S * 1000;
    for (const { stretches } of this.#lanes)
      while (stretches[0] && stretches[0].until < oldest) stretches.shift();
    this.#lanes = this.#lanes.filter(({ stretches }) => stretches.length > 0);
    this.#resize();
    this.#plot.setData(DATA);
    const last = samples.at(-1);
    if (last) setText(this.#now, `Now ${countsOf(last)}; ${count(lost)} lost since the start.`);
  }

  #add({ at, states }: ThreadSample): void {
    const there = new Map(states);
    for (const threadId of there.keys())
      if (!this.#lanes.some((lane) => lane.threadId === threadId))
        this.#lanes.push({ threadId, stretches: [] });
    this.#lanes.sort((a, b) => a.threadId - b.threadId);
    for (const lane of this.#lanes) {
      const last = lane.stretches.at(-1);
      // Between two viewers nothing was sampled.
      const goesOn = last !== undefined && at - last.until < 2 * SAMPLE_MS;
      const state = there.get(lane.threadId);
      const until = at + SAMPLE_MS;
      if (state === undefined) {
        if (goesOn) lane.lostAt ??= at;
      } else if (goesOn && last.state === state) last.until = until;
      else lane.stretches.push({ from: goesOn ? last.until : at, until, state });
    }
    this.#at = at;
  }

  #resize(): void {
    const width = this.#root.clientWidth;
    const height = AXIS_HEIGHT + Math.max(1, this.#lanes.length) * this.#laneHeight;
    if (width > 0 && (width !== this.#plot.width || height !== this.#plot.height))
      this.#plot.setSize({ width, height });
  }

  get #laneHeight(): number {
    return Math.max(8, Math.min(26, 400 / Math.max(1, this.#lanes.length)));
  }

  #options(): uPlot.Options {
    const lanes = () => this.#lanes;
    const ink = {
      stroke: () => coloursNow()('muted'),
      ticks: { show: false },
      font: '12px system-ui',
    };
    return {
      width: 300,
      height: AXIS_HEIGHT + 26,
      cursor: { show: false },
      legend: { show: false },
      scales: {
        x: { time: false, range: [-SHOWN_S, 0] },
        y: { range: () => [0, Math.max(1, lanes().length)] },
      },
      axes: [
        {
          ...ink,
          size: AXIS_HEIGHT - 8,
          incrs: [10, 20, 30],
          grid: { stroke: () => coloursNow()('line'), width: 1 },
          values: (_, splits) => splits.map((s) => (s === 0 ? 'now' : `${s} s`)),
        },
        {
          ...ink,
          size: 34,
          grid: { show: false },
          // The first lane is the uppermost.
          splits: () => lanes().map((_, at) => lanes().length - at - 0.5),
          values: () => lanes().map(({ threadId }) => String(threadId)),
        },
      ],
      series: [{}, { show: true, paths: () => null, points: { show: false } }],
      hooks: { draw: [(plot) => this.#draw(plot)] },
    };
  }

  #draw({ ctx, valToPos, bbox }: uPlot): void {
    const colours = coloursNow();
    // uPlot remembers which colour it has set.
    ctx.save();
    const x = (time: number) =>
      Math.max(bbox.left, valToPos((time - this.#at - SAMPLE_MS) / 1000, 'x', true));
    for (const [at, { stretches, lostAt }] of this.#lanes.entries()) {
      const top = valToPos(this.#lanes.length - at, 'y', true);
      const height = valToPos(this.#lanes.length - at - 1, 'y', true) - top - 2 * devicePixelRatio;
      for (const { from, until, state } of stretches) {
        ctx.fillStyle = colours(state);
        ctx.fillRect(x(from), top, x(until) - x(from), height);
      }
      if (lostAt === undefined) continue;
      ctx.fillStyle = colours('lost');
      ctx.fillRect(x(lostAt), top, 4 * devicePixelRatio, height);
    }
    ctx.restore();
  }
}

const AXIS_HEIGHT = 40;
/** The lanes are drawn by {@link ThreadTimeline}: uPlot draws no line. */
const DATA: uPlot.AlignedData = [
  [-SHOWN_S, 0],
  [0, 0],
];

function countsOf({ states }: ThreadSample): string {
  const counts = STATES.map(
    (state) => [state, states.filter(([, its]) => its === state).length] as const,
  );
  const some = counts.filter(([, number]) => number > 0);
  return some.map(([state, number]) => `${number} ${state}`).join(', ') || 'no threads';
}

/** Those of the style sheet, which differ by day and night. */
function coloursNow(): (name: string) => string {
  const style = getComputedStyle(document.documentElement);
  return (name) => style.getPropertyValue(`--${name}`);
}
