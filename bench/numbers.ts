/**
 * How do figures get into the documents? `npm run numbers` writes docs/numbers.md, the pictures, and the
 * tables in README.md, docs/comparison.md and docs/eviction.md from `bench/results`; `--check` only says
 * whether they are up to date. No figure there is typed by hand.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { barsOf } from './bars.ts';
import { questions } from './questions.ts';
import { type SavedPart, type SavedResult, savedEviction, savedResults } from './save.ts';

const root = new URL('../', import.meta.url);
const results = savedResults();

function partOf(scenario: string, name: string): { result: SavedResult; part: SavedPart } {
  const result = results.get(scenario);
  const part = result?.parts.find((it) => it.name === name);
  if (!result || !part) {
    throw new Error(`no result of ${scenario}, ${name}: npm run bench -- ${scenario} --save`);
  }
  return { result, part };
}

const shown = (value: number | undefined, digits: number): string =>
  value === undefined || Number.isNaN(value)
    ? ''
    : value.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits });

const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;

function tableOf({ metrics, rows, baseline }: SavedPart): string {
  const heading = metrics.flatMap(({ label, ratio }) => (ratio ? [label, 'ratio'] : [label]));
  const lines = rows.map(({ contestant, cells }) =>
    row([
      contestant.startsWith('threadmemo') ? `**${contestant}**` : contestant,
      ...metrics.flatMap(({ id, digits, ratio }) => {
        const value = shown(cells[id]?.value, digits);
        return ratio ? [value, shown(cells[id]?.ratio, 2) || '-'] : [value];
      }),
    ]),
  );
  const note = baseline ? `Ratios are to \`${baseline}\` in the same round.` : '';
  return [row(['', ...heading]), row(['---', ...heading.map(() => '---')]), ...lines, '', note]
    .join('\n')
    .trimEnd();
}

function machineOf({ machine, rounds }: SavedResult): string {
  const { date, node, cpu, cores } = machine;
  return `Medians of ${rounds} rounds; ${cores} cores of ${cpu}, Node ${node}, ${date.slice(0, 10)}.`;
}

function figureOf(scenario: string, part: string, contestant: string, id: string): number {
  const found = partOf(scenario, part).part.rows.find((it) => it.contestant === contestant);
  return found?.cells[id]?.value ?? Number.NaN;
}

function page(): string {
  const sections = questions.map(({ scenario, parts, title, picture, says }) => {
    const tables = parts.map((name) => {
      const { part } = partOf(scenario, name);
      return `**${part.name}**: ${part.question}.\n\n${tableOf(part)}`;
    });
    const { result } = partOf(scenario, parts[0] as string);
    return [
      `## ${title}`,
      says,
      ...(picture ? [`![${picture.title}](pictures/${picture.file})`] : []),
      ...tables,
      `${machineOf(result)} \`npm run bench -- ${scenario}\``,
      `Not shown:\n\n${result.notShown.map((it) => `- ${it}`).join('\n')}`,
    ].join('\n\n');
  });
  return [
    '# Numbers',
    'What a hit, a miss, a stampede, a service and a fleet cost, beside what one might take instead.\nThis page is written by `npm run numbers` from `bench/results`; ratios are measured in one run.',
    ...sections,
    '',
  ].join('\n\n');
}

function readmeTable(): string {
  const lines = questions.flatMap(({ scenario, picture }) =>
    (picture?.rows ?? []).map(({ part, id, question, ours, theirs, unit, digits }) => {
      const own = shown(figureOf(scenario, part, ours, id), digits);
      const others = theirs
        .map((name) => `${name} ${shown(figureOf(scenario, part, name, id), digits)}`)
        .join(', ');
      return row([question, `**${`${own} ${unit}`.trim()}**`, others]);
    }),
  );
  return [row(['', 'threadmemo', 'instead']), row(['---', '---', '---']), ...lines].join('\n');
}

function pictures(): [string, string][] {
  return questions.flatMap(({ scenario, picture }) => {
    if (!picture) return [];
    const [first] = picture.rows;
    if (!first) return [];
    const names = [first.ours, ...first.theirs];
    const bars = names.map((name) => ({
      name,
      value: figureOf(scenario, first.part, name, first.id),
    }));
    const label = (value: number) => `${shown(value, first.digits)} ${first.unit}`;
    return [[`docs/pictures/${picture.file}`, barsOf(picture.title, bars, label)]];
  });
}

const percent = (ratio: number): string => `${shown(ratio * 100, 1)} %`;

/** What docs/eviction.md says of the policies. */
function evictionSection(): string {
  const { date, traces, questions: asked } = savedEviction();
  const [first] = asked;
  const names = Object.keys(first?.means ?? {});
  const means = Object.entries(first?.means ?? {}).map(
    ([name, mean]) => `${name} ${percent(mean)}`,
  );
  const worst = asked.map(({ question, worst: { trace, share, ratio } }) =>
    row([question, `${shown(ratio, 3)} (${trace}, ${share * 100} %)`]),
  );
  return [
    `The share of the computing time that remains, on average over ${traces} recorded programs and caches of 1, 5 and 20 % of their\ndistinct bytes:`,
    `![${means.join(', ')}](eviction.svg)`,
    [
      row(['', ...names]),
      row(['---', ...names.map(() => '---')]),
      ...asked.map(({ question, means: its }) =>
        row([question, ...names.map((name) => shown(its[name], 3))]),
      ),
    ].join('\n'),
    'The program and size on which it is at its worst beside LRU:',
    [row(['', 'ratio to LRU']), row(['---', '---']), ...worst].join('\n'),
    `The figures are those of ${date.slice(0, 10)}.`,
  ].join('\n\n');
}

function evictionPicture(): string {
  const [first] = savedEviction().questions;
  const bars = Object.entries(first?.means ?? {}).map(([name, value]) => ({ name, value }));
  return barsOf('Computing time that is left to be paid, by eviction policy', bars, percent);
}

/** Between two marks. */
function withFigures(text: string, figures: string): string {
  return text.replace(
    /(<!-- numbers -->\n)[\s\S]*?\n?(<!-- end of numbers -->)/,
    (_, begin: string, end: string) => `${begin}${figures}\n${end}`,
  );
}

const read = (file: string) => {
  try {
    return readFileSync(new URL(file, root), 'utf8');
  } catch {
    return '';
  }
};

const wanted: [string, string][] = [
  ['docs/numbers.md', page()],
  ...['README.md', 'docs/comparison.md'].map((file): [string, string] => [
    file,
    withFigures(read(file), readmeTable()),
  ]),
  ['docs/eviction.md', withFigures(read('docs/eviction.md'), evictionSection())],
  ['docs/eviction.svg', evictionPicture()],
  ...pictures(),
];
const stale = wanted.filter(([file, text]) => read(file) !== text);
if (process.argv.includes('--check')) {
  for (const [file] of stale)
    console.error(`${file} is not what bench/results says: npm run numbers`);
  process.exit(stale.length > 0 ? 1 : 0);
}
for (const [file, text] of stale) writeFileSync(new URL(file, root), text);
console.log(
  stale.length > 0 ? `Written: ${stale.map(([file]) => file).join(', ')}` : 'Up to date.',
);
