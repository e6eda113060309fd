/** Which questions are there? The one file that names them, in the order of a full run. */
import { hit } from './hit.ts';
import { miss } from './miss.ts';
import type { Scenario } from './scenario.ts';
import { stampede } from './stampede.ts';
import { zipf } from './zipf.ts';

export const scenarios: ReadonlyMap<string, Scenario> = new Map(
  [miss, stampede, zipf, hit].map((scenario) => [scenario.name, scenario]),
);
