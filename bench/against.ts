/**
 * Has anything become slower? The old and the new threadmemo measure in turn, in one run; of each
 * figure the ratio of new to old is taken within a round, so that a machine that slows down does so
 * for both. The median of the ratios counts: above 1 the new one is worse.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { conduct, type Played } from './conduct.ts';
import { median } from './measuring.ts';
import { aligned } from './report.ts';
import type { Contestant, Metric, Part, Scenario } from './scenario.ts';

/** Of every scenario: enough that a few bad rounds do not move the median. */
const roundsAgainst = 15;

export interface Figure {
  readonly contestant: string;
  readonly part: string;
  readonly metric: string;
  readonly before: number;
  readonly now: number;
  /** Medians over the rounds; `NaN` where both count nothing. */
  readonly ratio: number;
  /** Half of the rounds' ratios lie between these. */
  readonly quartiles: readonly [number, number];
}

export interface Comparison {
  readonly scenario: string;
  readonly old: string;
  readonly rounds: number;
  readonly figures: readonly Figure[];
  readonly failures: readonly string[];
}

export async function compare(
  scenario: Scenario,
  contestants: readonly Contestant[],
  { ref, folder }: OldPackage,
  rounds = roundsAgainst,
): Promise<Comparison> {
  const figures: Figure[] = [];
  const failures: string[] = [];
  for (const contestant of contestants) {
    const pair = [{ ...contestant, package: folder }, contestant];
    const [before, now] = await conduct({ ...scenario, rounds }, pair);
    for (const played of [before, now]) {
      const which = played === now ? 'new' : 'old';
      if (played?.failed) failures.push(`${contestant.name}, ${which}: ${played.failed}`);
    }
    if (before && now) figures.push(...figuresOf(scenario.parts, before, now));
  }
  return { scenario: scenario.name, old: ref, rounds, figures, failures };
}

function figuresOf(parts: readonly Part[], before: Played, now: Played): Figure[] {
  if (before.failed || now.failed) return [];
  return parts.flatMap((part) =>
    part.metrics.flatMap((metric) => figureOf(part, metric, before, now) ?? []),
  );
}

function figureOf(part: Part, metric: Metric, old: Played, own: Played): Figure | undefined {
  const [before, now] = [old, own].map(({ rounds }) =>
    rounds.flatMap((round) => round[part.name]?.[metric.id] ?? []),
  );
  if (!before?.length || !now?.length) return undefined;
  const ratios = now.map((it, round) => worse(metric, it, before[round] ?? Number.NaN));
  return {
    contestant: own.contestant.name,
    part: part.name,
    metric: metric.label,
    before: median(before),
    now: median(now),
    ratio: median(ratios),
    quartiles: quartiles(ratios),
  };
}

function worse({ better }: Metric, now: number, before: number): number {
  return better === 'low' ? now / before : before / now;
}

function quartiles(numbers: readonly number[]): [number, number] {
  const sorted = [...numbers].sort((a, b) => a - b);
  const at = (share: number) => sorted[Math.round(share * (sorted.length - 1))] ?? Number.NaN;
  return [at(0.25), at(0.75)];
}

export function againstText({ scenario, old, rounds, figures, failures }: Comparison): string {
  const number = (it: number) => Number(it.toPrecision(4)).toLocaleString('en');
  const lines = figures.map(({ contestant, part, metric, before, now, ratio, quartiles }) => [
    `${contestant} · ${part} · ${metric}`,
    ...[before, now].map(number),
    ...[ratio, ...quartiles].map((it) => (Number.isNaN(it) ? '-' : it.toFixed(3))),
  ]);
  return [
    `\n== ${scenario}: this checkout against ${old}, ${rounds} rounds in turn; above 1 is worse ==`,
    aligned([['', 'before', 'now', 'median ratio', 'quarter', 'three quarters'], ...lines]),
    ...failures.map((it) => `  FAILED ${it}`),
  ].join('\n');
}

export interface OldPackage {
  /** As it was given, and the commit that it means. */
  readonly ref: string;
  readonly folder: string;
  remove(): void;
}

const checkout = fileURLToPath(new URL('..', import.meta.url));

/**
 * The checkout's `node_modules` serve both, so that only threadmemo's own code differs.
 * @throws {Error} when there is no such ref, or it cannot be built
 */
export function buildRef(ref: string): OldPackage {
  const commit = git('rev-parse', '--short', '--verify', `${ref}^{commit}`).toString().trim();
  const folder = mkdtempSync(join(tmpdir(), 'threadmemo-against-'));
  const remove = () => rmSync(folder, { recursive: true, force: true });
  try {
    execFileSync('tar', ['-x', '-C', folder], { input: git('archive', commit) });
    symlinkSync(join(checkout, 'node_modules'), join(folder, 'node_modules'), 'junction');
    console.error(`building ${ref} (${commit}) ...`);
    const shell = process.platform === 'win32';
    execFileSync('npm', ['run', '--silent', 'build'], { cwd: folder, stdio: [0, 2, 2], shell });
    if (!existsSync(join(folder, 'dist/src/index.js')))
      throw new Error(`${ref} builds no dist/src`);
  } catch (error) {
    remove();
    throw error;
  }
  return { ref: `${ref} (${commit})`, folder, remove };
}

function git(...args: string[]): Buffer {
  return execFileSync('git', args, { cwd: checkout, maxBuffer: 2 ** 30 });
}
