/**
 * How far a run is: a bar on a terminal, a plain line every few seconds anywhere else.
 */

import { type Options, SingleBar } from 'cli-progress';
import { count, paint, runTitle } from '../wording.ts';
import type { OnAnswer } from './measure.ts';

export interface Progress {
  readonly onAnswer: OnAnswer;
  stop(): void;
}

export function startProgress(name: string, requests: number): Progress {
  const bar = new SingleBar(barOptions(name));
  bar.start(requests, 0, { computed: '0' });
  return {
    onAnswer: (answered, computations) => bar.update(answered, { computed: count(computations) }),
    stop: () => bar.stop(),
  };
}

function barOptions(name: string): Options {
  const numbers = '{value} / {total} answered, {computed} computed, {duration} s';
  const title = runTitle(name);
  const bar = paint('cyan', '{bar}');
  return {
    stream: process.stdout,
    format: process.stdout.isTTY ? `  ${title}${bar} ${numbers}` : `  ${title}${numbers}`,
    formatValue: (value) => count(Number(value)),
    barsize: 16,
    barCompleteChar: '\u2588',
    barIncompleteChar: '\u2591',
    clearOnComplete: true,
    // Unlike the default, leaves nothing to be put right in the terminal after Ctrl-C.
    linewrap: true,
    noTTYOutput: true,
    notTTYSchedule: 5000,
  };
}
