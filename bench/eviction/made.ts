/** Which requests are made where no recorded ones are at hand? Zipf, a loop, a scan, a change of phase. */
import type { Trace } from './trace.ts';

const REQUESTS = 200_000;

export function madeTraces(): Trace[] {
  const random = randomNumbers(1);
  const zipf = zipfDraw(20_000, random);
  return [
    make('zipf', 20_000, () => zipf()),
    make('loop', 10_000, (at) => at % 10_000),
    make('scan', 120_000, (at) => (at % 2 === 0 ? zipf() % 20_000 : 20_000 + at / 2)),
    make('phases', 80_000, (at) => Math.floor(at / (REQUESTS / 4)) * 20_000 + zipf()),
  ];
}

/** Sizes and costs are log-normal: a kilobyte and 5 ms in the middle. */
function make(name: string, keys: number, keyAt: (at: number) => number): Trace {
  const random = randomNumbers(name.length);
  const normal = () => Math.sqrt(-2 * Math.log(random())) * Math.cos(2 * Math.PI * random());
  return {
    name,
    requests: Uint32Array.from({ length: REQUESTS }, (_, at) => Math.floor(keyAt(at)) % keys),
    bytes: Float64Array.from({ length: keys }, () => 57 + 1024 * Math.exp(1.2 * normal())),
    cost: Float64Array.from({ length: keys }, () => 5000 * Math.exp(1.5 * normal())),
  };
}

/** Above 0, up to 1; the same at every run. */
export function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state + 1) / 2 ** 32;
  };
}

function zipfDraw(keys: number, random: () => number): () => number {
  const sums: number[] = [];
  let sum = 0;
  for (let rank = 1; rank <= keys; rank++) {
    sum += 1 / rank ** 0.9;
    sums.push(sum);
  }
  return () => {
    const at = random() * sum;
    let [low, high] = [0, keys - 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((sums[middle] as number) < at) low = middle + 1;
      else high = middle;
    }
    return low;
  };
}
