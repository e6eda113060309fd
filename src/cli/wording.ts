/** Numbers as people read them. */

import { format as formatDuration } from '@lukeed/ms';
import { format as formatBytes } from 'bytes';
import { printable } from '../text/printable.ts';

const LONGEST_SHOWN = 120;

export function grouped(count: number): string {
  return Math.round(count).toLocaleString('en-US');
}

/** '340ms', '1.5s', '12m'. */
export function duration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)}ms`;
  return ms < 60_000 ? `${(ms / 1000).toFixed(1)}s` : formatDuration(ms);
}

/** How long ago. */
export function age(ms: number): string {
  return ms < 1000 ? 'now' : formatDuration(Math.max(0, Math.round(ms)));
}

export function size(bytes: number): string {
  return formatBytes(bytes, { unitSeparator: ' ' }) ?? `${bytes} B`;
}

/** Text from elsewhere: on one line, and without what a terminal would take for a command. */
export function shortened(text: string): string {
  const isLong = text.length > LONGEST_SHOWN;
  return isLong ? `${printable(text.slice(0, LONGEST_SHOWN))}…` : printable(text);
}
