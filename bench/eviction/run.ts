/**
 * `npm run bench -- eviction`: how much computing time does each policy leave to be paid? The real
 * policies play recorded requests (the folder that `EVICTION_TRACES` names, or made ones), in caches of
 * 1, 5 and 20 % of the distinct bytes. Nothing is timed but an eviction of ours.
 * `--save` writes what docs/eviction.md quotes.
 */
import { type SavedQuestion, saveEviction, type Worst } from '../save.ts';
import { contestants } from './contestants.ts';
import { madeTraces, randomNumbers } from './made.ts';
import { type MakePolicy, simulate } from './simulate.ts';
import { alike, distinctBytes, inPieces, type Trace, tracesIn } from './trace.ts';

const SHARES = [0.01, 0.05, 0.2];
const PIECES = 5;
/** Of the logarithm of a measured cost. */
const NOISE = 0.5;
const OURS = 'threadmemo';

interface Row {
  readonly trace: string;
  readonly share: number;
  /** By contestant. */
  readonly ratios: Readonly<Record<string, number>>;
}

type Ratio = (trace: Trace, share: number, make: MakePolicy) => number;

const questions: Readonly<Record<string, Ratio>> = {
  'cost-miss ratio': (trace, share, make) =>
    simulate(trace, distinctBytes(trace) * share, make).costMissRatio,
  'the same, each cost measured with noise (log-normal, sigma 0.5)': (trace, share, make) =>
    simulate(trace, distinctBytes(trace) * share, make, noisy(trace.cost)).costMissRatio,
  'in five pieces that share no key, a fifth of the size': (trace, share, make) =>
    simulate(inPieces(trace), (distinctBytes(trace) * share) / PIECES, make).costMissRatio,
  'object-miss ratio, all sizes and costs equal': (trace, share, make) =>
    simulate(alike(trace), trace.bytes.length * share, make).objectMissRatio,
};

export function evictionText(isSaved = false): string {
  const folder = process.env['EVICTION_TRACES'];
  const traces = folder ? tracesIn(folder) : madeTraces();
  const played = Object.entries(questions).map(([question, ratio]) => {
    const rows = rowsOf(traces, ratio);
    return { question, rows, means: meansOf(rows), worst: worstOf(rows) };
  });
  if (isSaved) saveEviction(traces.length, played);
  const source = folder
    ? `${traces.length} recorded traces`
    : 'Made traces. Public ones: the simulators of Caffeine (ben-manes/caffeine) and libCacheSim; ' +
      'EVICTION_TRACES names a folder of `name.gz`, a request a line: key, bytes, microseconds.';
  return [source, ...played.map(tableText), evictionCost()].join('\n\n');
}

function rowsOf(traces: readonly Trace[], ratio: Ratio): Row[] {
  return traces.flatMap((trace) =>
    SHARES.map((share) => ({
      trace: trace.name,
      share,
      ratios: Object.fromEntries(
        Object.entries(contestants).map(([name, make]) => [name, ratio(trace, share, make)]),
      ),
    })),
  );
}

function meansOf(rows: readonly Row[]): Readonly<Record<string, number>> {
  const mean = (name: string) =>
    rows.reduce((sum, { ratios }) => sum + (ratios[name] as number), 0) / rows.length;
  return Object.fromEntries(Object.keys(contestants).map((name) => [name, mean(name)]));
}

/** Where it is at its worst beside LRU. */
function worstOf(rows: readonly Row[]): Worst {
  const beside = rows.map(({ trace, share, ratios }) => ({
    trace,
    share,
    ratio: (ratios[OURS] as number) / (ratios['LRU'] as number),
  }));
  return beside.reduce((worst, it) => (it.ratio > worst.ratio ? it : worst));
}

function tableText({
  question,
  rows,
  means,
  worst,
}: SavedQuestion & { rows: readonly Row[] }): string {
  const names = Object.keys(contestants);
  const line = (first: string, cells: readonly string[]) =>
    first.padEnd(20) + cells.map((cell) => cell.padStart(12)).join('');
  return [
    `== ${question} ==`,
    line('', names),
    ...rows.map(({ trace, share, ratios }) =>
      line(
        `${trace} ${share * 100} %`,
        names.map((name) => (ratios[name] as number).toFixed(3)),
      ),
    ),
    line(
      'mean',
      names.map((name) => (means[name] as number).toFixed(3)),
    ),
    `${OURS} at its worst beside LRU: ${worst.ratio.toFixed(3)}, ${worst.trace} ${worst.share * 100} %`,
  ].join('\n');
}

function noisy(cost: Float64Array): Float64Array {
  const random = randomNumbers(7);
  const normal = () => Math.sqrt(-2 * Math.log(random())) * Math.cos(2 * Math.PI * random());
  return cost.map((each) => each * Math.exp(NOISE * normal()));
}

/** A victim, its eviction and the addition of another, in a full cache of entries that are not alike. */
function evictionCost(): string {
  const entries = 65_536;
  const random = randomNumbers(3);
  const cost = Float64Array.from({ length: entries }, () => 2 ** (random() * 12));
  const facts = {
    bytes: (handle: number) => 100 + (handle & 1023),
    cost: (handle: number) => cost[handle] as number,
    hash: (handle: number) => Math.imul(handle, 0x9e3779b1) >>> 0,
    msLeft: () => Number.POSITIVE_INFINITY,
  };
  const policy = (contestants[OURS] as MakePolicy)(facts, entries * 600, () => 0);
  for (let handle = 0; handle < entries; handle++) policy.add(handle);
  const rounds = 1_000_000;
  const start = process.cpuUsage();
  for (let round = 0; round < rounds; round++) {
    const victim = policy.victim(600) as number;
    policy.evict(victim);
    policy.add(victim);
  }
  const { user, system } = process.cpuUsage(start);
  const ns = ((user + system) * 1000) / rounds;
  return `${ns.toFixed(0)} ns (processor time) for a victim, its eviction and an addition`;
}
