/**
 * What the service is for: a square of the Mandelbrot set, drawn with characters, so that `curl`
 * shows it. This is all that there is to sharing it: `memoize` here, and a tier in service.ts.
 */

import { memoize } from 'threadmemo';
import { note } from './journal.ts';

const width = 64;
const height = 32;
const mostSteps = 3000;
const shades = ' .:-=+*%@#';

/** Of the whole set at zoom 0; each zoom halves the side of a tile. */
export const tile = memoize(
  import.meta.url,
  function tile(zoom: number, x: number, y: number): string {
    note('begins', `${zoom}/${x}/${y}`);
    const side = 4 / 2 ** zoom;
    const rows = Array.from({ length: height }, (_, row) => {
      const points = Array.from({ length: width }, (_, column) =>
        shade(-2 + (x + column / width) * side, -2 + (y + row / height) * side),
      );
      return points.join('');
    });
    note('ends', `${zoom}/${x}/${y}`);
    return `${rows.join('\n')}\n`;
  },
  { ttl: '1h' },
);

/** The longer a point takes to leave the circle around the set, the darker it is. */
function shade(real: number, imaginary: number): string {
  let [a, b, steps] = [0, 0, 0];
  while (a * a + b * b < 4 && steps < mostSteps) {
    [a, b] = [a * a - b * b + real, 2 * a * b + imaginary];
    steps++;
  }
  const part = steps === mostSteps ? 1 : Math.log(steps + 1) / Math.log(mostSteps);
  return shades[Math.min(shades.length - 1, Math.floor(part * shades.length))] as string;
}

/** The tile that has a point of the set's edge in it, where there is much to compute. */
export function tileAtTheEdge(zoom: number, turn: number): string {
  const angle = 2 * Math.PI * turn;
  const real = Math.cos(angle) / 2 - Math.cos(2 * angle) / 4;
  const imaginary = Math.sin(angle) / 2 - Math.sin(2 * angle) / 4;
  const [x, y] = [real, imaginary].map((at) => Math.floor(((at + 2) / 4) * 2 ** zoom));
  return `${zoom}/${x}/${y}`;
}
