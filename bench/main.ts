/**
 * How are the benchmarks run? `npm run bench` runs all; `npm run bench -- zipf` one;
 * `--contestants a,b` only these, and those that ratios are taken to; `--json` prints JSON instead of
 * tables (with `npm run --silent`, nothing but JSON); `--python` installs Python's caches, which
 * `disk` and a table beside `hit` and `hit-main` measure. `--against <git ref>` builds that ref and
 * runs it and this checkout in turn, threadmemo's contestants only: have the numbers become worse?
 * `--rounds 3` measures so many rounds; `--save` writes what documents quote. `npm run bench -- eviction` is a simulation, and runs alone.
 */
import { parseArgs } from 'node:util';
import { againstText, buildRef, compare, type OldPackage } from './against.ts';
import { conduct } from './conduct.ts';
import { installContestants } from './install.ts';
import { installPythonPackages, measurePython } from './python.ts';
import { describeMachine, machineText, pythonText, scenarioText } from './report.ts';
import { saveResult } from './save.ts';
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
      against: { type: 'string' },
      rounds: { type: 'string' },
      save: { type: 'boolean', default: false },
    },
  });
  expectKnown('benchmark', positionals, [...scenarios.keys()]);
  const wanted = (it: Scenario) => positionals.length === 0 || positionals.includes(it.name);
  const toRun = [...scenarios.values()].filter(wanted);
  const known = [...new Set(toRun.flatMap(({ field }) => field.map(({ name }) => name)))];
  const names = values.contestants?.split(',') ?? known;
  expectKnown('contestant', names, known);
  const { json, python, against, rounds, save } = values;
  return { json, python, against, rounds: roundsFrom(rounds), names, toRun, save };
}

function roundsFrom(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const rounds = Number(text);
  if (Number.isInteger(rounds) && rounds > 0) return rounds;
  throw new Error(`--rounds is "${text}"; it must be a whole number from 1 on`);
}

function expectKnown(what: string, names: readonly string[], known: readonly string[]): void {
  const unknown = names.find((name) => !known.includes(name));
  if (unknown === undefined) return;
  throw new Error(`no ${what} is called "${unknown}"; there are ${known.join(', ')}`);
}

/** The wanted contestants and those that ratios are taken to, in the order of the field. */
function contestantsOf({ field, parts }: Scenario, wanted: readonly string[]) {
  const baselines = parts.map(({ baseline }) => baseline);
  const isWanted = (name: string) => wanted.includes(name) || baselines.includes(name);
  return field.filter(({ name }) => isWanted(name));
}

async function run(request: Request): Promise<void> {
  const { json, python, names, rounds, save } = request;
  const toRun = request.toRun.map((it) => ({ ...it, rounds: rounds ?? it.rounds }));
  installContestants();
  if (python) installPythonPackages();
  const machine = describeMachine();
  if (!json) console.log(machineText(machine));
  const summaries: ScenarioSummary[] = [];
  for (const scenario of toRun) {
    console.error(`\nmeasuring ${scenario.name} ...`);
    const contestants = contestantsOf(scenario, names);
    const summary = summarize(scenario, contestants, await conduct(scenario, contestants));
    if (!json) console.log(scenarioText(summary));
    if (save) saveResult(machine, summary);
    summaries.push(summary);
  }
  const isAskedForHits = python && toRun.some(({ name }) => name.startsWith('hit'));
  const hits = isAskedForHits ? measurePython() : undefined;
  if (json) console.log(JSON.stringify({ machine, scenarios: summaries, python: hits }, null, 2));
  else if (isAskedForHits) console.log(pythonText(hits));
}

async function runAgainst(old: OldPackage, { json, names, rounds, toRun }: Request) {
  const comparisons = [];
  for (const scenario of toRun) {
    console.error(`\nmeasuring ${scenario.name} ...`);
    const isOwn = (name: string) => name.startsWith('threadmemo') && names.includes(name);
    const contestants = scenario.field.filter(({ name }) => isOwn(name));
    const compared = await compare(scenario, contestants, old, rounds);
    if (!json) console.log(againstText(compared));
    comparisons.push(compared);
  }
  if (json) console.log(JSON.stringify({ against: old.ref, comparisons }, null, 2));
}

/** A mistake in the command is not a crash: no stack. */
function refuse(error: unknown): never {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
}

if (process.argv[2] === 'eviction') {
  const { evictionText } = await import('./eviction/run.ts');
  console.log(evictionText(process.argv.includes('--save')));
  process.exit();
}
let request: Request;
try {
  request = readArguments();
} catch (error) {
  refuse(error);
}
if (request.against === undefined) {
  await run(request);
} else {
  const old = buildRef(request.against);
  try {
    await runAgainst(old, request);
  } finally {
    old.remove();
  }
}
