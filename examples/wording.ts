/**
 * How numbers are written for people: separators, units, and colour where a terminal wants it
 * (`styleText` leaves it out for files, pipes and NO_COLOR).
 */

import { styleText } from 'node:util';

const whole = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });
const tenths = new Intl.NumberFormat('en', { minimumFractionDigits: 1, maximumFractionDigits: 1 });

type Style = 'bold' | 'cyan' | 'dim' | 'green' | 'red';

export function paint(style: Style, text: string): string {
  return styleText(style, text, { stream: process.stdout });
}

/** `12,345` */
export function count(value: number): string {
  return whole.format(value);
}

/** `4.1` */
export function decimal(value: number): string {
  return tenths.format(value);
}

/** `78 %` */
export function percent(part: number): string {
  return `${whole.format(part * 100)} %`;
}

/** `83.4 s` */
export function seconds(ms: number): string {
  return `${tenths.format(ms / 1000)} s`;
}

/** `10.3 MB`: millions of bytes. */
export function megabytes(bytes: number): string {
  return `${tenths.format(bytes / 1e6)} MB`;
}

/** `25 seconds`, `1 min 40 s`: rounded to five seconds, as good as a forecast is. */
export function roughly(ms: number): string {
  const rounded = Math.max(1, Math.round(ms / 5000)) * 5;
  const minutes = Math.floor(rounded / 60);
  return minutes === 0 ? `${rounded} seconds` : `${minutes} min ${rounded % 60} s`;
}

/** The names of runs, made equally wide. */
export function runTitle(name: string): string {
  return `${name}:`.padEnd(14);
}
