/** Which questions are there? The one file that names them, in the order of a full run. */
import { disk } from './disk.ts';
import { fingerprint } from './fingerprint.ts';
import { fleet } from './fleet.ts';
import { fragments } from './fragments.ts';
import { hit } from './hit.ts';
import { hitMain } from './hit-main.ts';
import { lines } from './lines.ts';
import { mainLoad } from './main-load.ts';
import { memory } from './memory.ts';
import { miss } from './miss.ts';
import { scale } from './scale.ts';
import type { Scenario } from './scenario.ts';
import { stampede } from './stampede.ts';
import { sync } from './sync.ts';
import { zipf } from './zipf.ts';

const inOrder: readonly Scenario[] = [
  miss,
  stampede,
  zipf,
  hit,
  hitMain,
  mainLoad,
  fragments,
  fleet,
  sync,
  scale,
  memory,
  lines,
  disk,
  fingerprint,
];

export const scenarios: ReadonlyMap<string, Scenario> = new Map(
  inOrder.map((scenario) => [scenario.name, scenario]),
);

/** @throws {Error} when there is none of that name */
export function scenarioCalled(name: string): Scenario {
  const scenario = scenarios.get(name);
  if (scenario !== undefined) return scenario;
  throw new Error(
    `no benchmark is called "${name}"; there are ${[...scenarios.keys()].join(', ')}`,
  );
}
