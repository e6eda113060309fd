/** Rows in columns: the first two are text, the others numbers. */

const GAP = '  ';
const TEXTS = 2;

export function tableOf(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => (row[column] ?? '').length)),
  );
  const cell = (text: string, column: number) => {
    const width = widths[column] ?? 0;
    return column < TEXTS ? text.padEnd(width) : text.padStart(width);
  };
  return rows.map((row) => row.map(cell).join(GAP).trimEnd()).join('\n');
}
