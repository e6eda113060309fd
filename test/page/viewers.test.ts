/** What viewers are sent, and when nothing runs, by a clock that the test turns. */

import { expect, test } from 'vitest';
import type { PageSnapshot, ThreadSample } from '../../src/page/snapshot.ts';
import { type EventStream, Viewers } from '../../src/page/viewers.ts';
import { FakeClock } from '../fake-clock.ts';

class Counting extends FakeClock {
  timers = 0;

  override after(ms: number, run: () => void) {
    let isSet = true;
    this.timers++;
    const over = () => {
      if (isSet) this.timers--;
      isSet = false;
    };
    const timer = super.after(ms, () => {
      over();
      run();
    });
    return {
      cancel: () => {
        over();
        timer.cancel();
      },
    };
  }
}

class Stream implements EventStream {
  isSlow = false;
  isServerClosing = false;
  readonly sent: Pick<PageSnapshot, 'at' | 'state' | 'threads'>[] = [];
  isEnded = false;
  gone: () => void = () => {};

  write(text: string): void {
    if (this.isEnded) throw new Error('it has ended');
    for (const event of text.split('\n\n'))
      if (event.startsWith('data: ')) this.sent.push(JSON.parse(event.slice(6)));
  }

  end(): void {
    this.isEnded = true;
  }

  onGone(gone: () => void): void {
    this.gone = gone;
  }

  /** When the samples of the last snapshot were taken. */
  get samples(): number[] {
    return (this.sent.at(-1)?.threads.samples ?? []).map(({ at }) => at - 1_700_000_000_000);
  }
}

function watched() {
  const clock = new Counting();
  let looks = 0;
  let listening = 0;
  const viewers = new Viewers({
    clock,
    latencies: { listen: () => listening++, stop: () => listening-- } as never,
    threads: () => [[1, 'busy']],
    look: (at, samples: readonly ThreadSample[]) => {
      looks++;
      return { at, state: 'open', threads: { samples } } as unknown as PageSnapshot;
    },
  });
  const pass = (ms: number) => {
    for (let passed = 0; passed < ms; passed += 250) clock.advance(250);
  };
  return { clock, viewers, pass, looks: () => looks, listening: () => listening };
}

test('no timer, no sample and no look without a viewer', () => {
  const { clock, viewers, pass, looks, listening } = watched();
  expect([clock.timers, looks(), listening()]).toEqual([0, 0, 0]);
  const [one, two] = [new Stream(), new Stream()];
  viewers.add(one);
  viewers.add(two);
  expect([clock.timers, listening()]).toEqual([1, 1]);
  one.gone();
  expect([clock.timers, listening()]).toEqual([1, 1]);
  two.gone();
  two.gone();
  expect([clock.timers, listening()]).toEqual([0, 0]);
  const before = looks();
  pass(5000);
  expect(looks()).toBe(before);
});

test('one look a second for all viewers, with the samples since the last one', () => {
  const { viewers, pass, looks } = watched();
  const [one, two] = [new Stream(), new Stream()];
  viewers.add(one);
  expect(one.samples).toEqual([0]);
  pass(1000);
  expect(one.samples).toEqual([250, 500, 750, 1000]);
  viewers.add(two);
  expect(two.samples).toEqual([0, 250, 500, 750, 1000, 1000]);
  const before = looks();
  pass(2000);
  expect(looks() - before).toBe(2);
  expect(one.samples).toEqual(two.samples);
  expect(one.samples).toEqual([2250, 2500, 2750, 3000]);
});

test('a viewer that comes back finds the last minute, and no more', () => {
  const { clock, viewers, pass } = watched();
  const first = new Stream();
  viewers.add(first);
  pass(120_000);
  first.gone();
  clock.advance(30_000);
  const second = new Stream();
  viewers.add(second);
  expect(second.samples[0]).toBeGreaterThanOrEqual(90_000);
  expect(second.samples.at(-1)).toBe(150_000);
  expect(second.samples.length).toBeLessThanOrEqual(122);
});

test('a slow viewer is sent nothing until it has read', () => {
  const { viewers, pass, looks } = watched();
  const [slow, quick] = [new Stream(), new Stream()];
  viewers.add(slow);
  slow.isSlow = true;
  const before = looks();
  pass(3000);
  expect([slow.sent.length, looks() - before]).toEqual([1, 0]);
  viewers.add(quick);
  pass(2000);
  expect([slow.sent.length, quick.sent.length]).toEqual([1, 3]);
  slow.isSlow = false;
  pass(1000);
  expect([slow.sent.length, quick.sent.length]).toEqual([2, 4]);
});

test('all streams end with the pool, and those of a server with the server', () => {
  const { clock, viewers, pass } = watched();
  const [ofClosing, other] = [new Stream(), new Stream()];
  viewers.add(ofClosing);
  viewers.add(other);
  ofClosing.isServerClosing = true;
  pass(250);
  expect([ofClosing.isEnded, other.isEnded]).toEqual([true, false]);
  viewers.close();
  expect([other.isEnded, other.sent.at(-1)?.state, clock.timers]).toEqual([true, 'closed', 0]);
  viewers.close();
});

test('a stream that has gone before it was heard of gets nothing', () => {
  const { clock, viewers } = watched();
  const stream = new Stream();
  stream.onGone = (gone) => gone();
  viewers.add(stream);
  expect([stream.sent, clock.timers]).toEqual([[], 0]);
});
