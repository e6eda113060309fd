/** Modules in JavaScript. */
import { graph } from './graph.ts';

export const contestant = graph('JavaScript', 'as it is built', 'js');
