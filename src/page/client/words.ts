/** Figures and names as people read them. */

const grouped = new Intl.NumberFormat('en');

export function count(value: number): string {
  return grouped.format(value);
}

/** '0.4 µs', '12 ms', '3.1 s', '2.4 h'; nothing where it is not known. */
export function duration(ms: number | null): string {
  if (ms === null) return '';
  if (ms === 0) return '0';
  if (ms < 1) return `${short(ms * 1000)} µs`;
  if (ms < 1000) return `${short(ms)} ms`;
  if (ms < 60_000) return `${short(ms / 1000)} s`;
  return ms < 3_600_000 ? `${short(ms / 60_000)} min` : `${short(ms / 3_600_000)} h`;
}

export function size(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  const power = Math.min(Math.floor(Math.log2(bytes) / 10), 4);
  return `${short(bytes / 1024 ** power)} ${'KMGT'[power - 1]}B`;
}

export function percent(part: number, whole: number): string {
  if (whole === 0) return '';
  const share = (100 * part) / whole;
  return `${share > 99 && share < 100 ? Math.floor(share * 10) / 10 : Math.round(share)} %`;
}

/** `package/module.js#name@version` in its parts. */
export function partsOf(id: string): { readonly name: string; readonly module: string } {
  const at = id.lastIndexOf('#');
  return { name: id.slice(at + 1), module: at < 0 ? '' : id.slice(0, at) };
}

function short(value: number): string {
  return value < 10 ? value.toFixed(1) : grouped.format(Math.round(value));
}
