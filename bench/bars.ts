/** What does one table look like? As bars, readable on light and dark pages. */

const rowHeight = 34;
const left = 190;
const width = 380;

export interface BarOf {
  readonly name: string;
  readonly value: number;
}

/** @param label what stands beside a bar */
export function barsOf(
  title: string,
  bars: readonly BarOf[],
  label: (value: number) => string,
): string {
  const longest = Math.max(...bars.map(({ value }) => value));
  const drawn = bars.map(({ name, value }, at) => {
    const y = 10 + at * rowHeight;
    const wide = Math.max(2, (value / longest) * width);
    const kind = name.startsWith('threadmemo') ? 'ours' : 'theirs';
    return [
      `<text x="${left - 10}" y="${y + 17}" text-anchor="end">${name}</text>`,
      `<rect class="${kind}" x="${left}" y="${y}" width="${wide.toFixed(1)}" height="24" rx="3"/>`,
      `<text x="${(left + wide + 8).toFixed(1)}" y="${y + 17}">${label(value)}</text>`,
    ].join('\n  ');
  });
  const style = [
    'text { font: 14px system-ui, sans-serif; fill: #333 }',
    '.theirs { fill: #b9c2cc } .ours { fill: #2f81f7 }',
    '@media (prefers-color-scheme: dark) { text { fill: #ddd } .theirs { fill: #57606a } }',
  ].join('\n    ');
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 680 ${bars.length * rowHeight + 20}" role="img">
  <title>${title}</title>
  <style>
    ${style}
  </style>
  ${drawn.join('\n  ')}
</svg>
`;
}
