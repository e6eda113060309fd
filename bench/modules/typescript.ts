/** Modules in TypeScript. */
import { graph } from './graph.ts';

export const contestant = graph(
  'TypeScript',
  'which is read twice: as Node does, and as tsx does',
  'ts',
);
