/**
 * How are the benchmarks run? `npm run bench` runs all; `npm run bench -- zipf` one;
 * `--contestants a,b` only these, and whoever ratios are taken to; `--json` prints JSON instead of
 * tables (with `npm run --silent`, nothing but JSON); `--python` installs Python's caches, which
 * `disk` and a table beside `hit` and `hit-main` measure.
 */
import { parseArgs } from 'node:util';
import { conduct } from './conduct.ts';
import { installContestants } from './install.ts';
import { loadContestant } from './load-contestant.ts';
import { describeMachine } from './machine.ts';
import { measurePython, pythonText } from './python.ts';
import { installPythonPackages } from './python-packages.ts';
import { machineText, scenarioText } from './report.ts';
import type { Scenario } from './scenario.ts';
import { scenarios } from './scenarios.ts';
import { type ScenarioSummary, summarize } from './summarize.ts';

type Request = ReturnType<typeof readArguments>;

/** @throws {Error} when it asks for something that is not there */
function readArguments() {
  const { positionals, values } = parseArgs({
    allowPositionals: true,
    options: {
      json: { type: 'boolean', default: false },
      contestants: { type: 'string' },
      python: { type: 'boolean', default: false },
    },
  });
  expectKnown('benchmark', positionals, [...scenarios.keys()]);
  const wanted = (it: Scenario) => positionals.length === 0 || positionals.includes(it.name);
  const toRun = [...scenarios.values()].filter(wanted);
  const known = [...new Set(toRun.flatMap(({ field }) => Object.keys(field)))];
  const names = values.contestants?.split(',') ?? known;
  expectKnown('contestant', names, known);
  return { json: values.json, python: values.python, names, toRun };
}

function expectKnown(what: string, names: readonly string[], known: readonly string[]): void {
  const unknown = names.find((name) => !known.includes(name));
  if (unknown === undefined) return;
  throw new Error(`no ${what} is called "${unknown}"; there are ${known.join(', ')}`);
}

/** The wanted contestants and those that ratios are taken to, in the order of the field. */
async function contestantsOf({ field, parts }: Scenario, wanted: readonly string[]) {
  const baselines = parts.map(({ baseline }) => baseline);
  const isWanted = (name: string) => wanted.includes(name) || baselines.includes(name);
  const names = Object.keys(field).filter(isWanted);
  return await Promise.all(names.map((name) => loadContestant(field, name)));
}

async function run({ json, python, names, toRun }: Request): Promise<void> {
  installContestants();
  if (python) installPythonPackages();
  const machine = describeMachine();
  if (!json) console.log(machineText(machine));
  const summaries: ScenarioSummary[] = [];
  for (const scenario of toRun) {
    console.error(`\nmeasuring ${scenario.name} ...`);
    const contestants = await contestantsOf(scenario, names);
    const summary = summarize(scenario, contestants, await conduct(scenario, contestants));
    if (!json) console.log(scenarioText(summary));
    summaries.push(summary);
  }
  const isAskedForHits = python && toRun.some(({ name }) => name.startsWith('hit'));
  const hits = isAskedForHits ? measurePython() : undefined;
  if (json) console.log(JSON.stringify({ machine, scenarios: summaries, python: hits }, null, 2));
  else if (isAskedForHits) console.log(pythonText(hits));
}

/** A mistake in the command is not a crash: no stack. */
function refuse(error: unknown): never {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
}

let request: Request;
try {
  request = readArguments();
} catch (error) {
  refuse(error);
}
await run(request);
