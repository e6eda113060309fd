/** Which questions are there? The one file that names them, in the order of a full run. */
import { blocks } from './blocks.ts';
import { disk } from './disk.ts';
import { fingerprint } from './fingerprint.ts';
import { fleet } from './fleet.ts';
import { fragments } from './fragments.ts';
import { fresh } from './fresh.ts';
import { hit } from './hit.ts';
import { hitMain } from './hit-main.ts';
import { io } from './io.ts';
import { lines } from './lines.ts';
import { mainLoad } from './main-load.ts';
import { memory } from './memory.ts';
import { miss } from './miss.ts';
import { observed } from './observed.ts';
import { routes } from './routes.ts';
import { scale } from './scale.ts';
import type { Scenario } from './scenario.ts';
import { stampede } from './stampede.ts';
import { start } from './start.ts';
import { sync } from './sync.ts';
import { tags } from './tags.ts';
import { tiers } from './tiers.ts';
import { zipf } from './zipf.ts';

const inOrder: readonly Scenario[] = [
  miss,
  stampede,
  io,
  zipf,
  hit,
  hitMain,
  mainLoad,
  fragments,
  fleet,
  routes,
  observed,
  sync,
  scale,
  memory,
  lines,
  disk,
  tiers,
  fingerprint,
  blocks,
  tags,
  fresh,
  start,
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
