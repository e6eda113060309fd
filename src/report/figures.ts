/** Figures as they stand in a sentence. */

import { format as formatBytes } from 'bytes';

/** '0.4 µs', '0.05 ms', '12 ms', '3.1 s', '2.4 h'. */
export function duration(ms: number): string {
  if (ms === 0) return '0 ms';
  if (ms < 0.01) return `${rounded(ms * 1000)} µs`;
  if (ms < 0.1) return `${ms.toFixed(2)} ms`;
  if (ms < 1000) return `${rounded(ms)} ms`;
  if (ms < 60_000) return `${rounded(ms / 1000)} s`;
  return ms < 3_600_000 ? `${rounded(ms / 60_000)} min` : `${rounded(ms / 3_600_000)} h`;
}

/** As an option takes it: '128mb'. */
export function size(bytes: number): string {
  return (
    formatBytes(bytes, { decimalPlaces: bytes < 2 ** 20 ? 0 : 1 }) ?? `${bytes}b`
  ).toLowerCase();
}

export function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}

/** To a power of two. */
export function roundedUp(bytes: number): number {
  return 2 ** Math.ceil(Math.log2(Math.max(bytes, 1)));
}

/** Two figures, or all of a whole number. */
function rounded(value: number): string {
  return value < 10 ? value.toFixed(1) : Math.round(value).toString();
}
