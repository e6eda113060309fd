/** What does the table look like? Its means as bars. */

import { barsOf } from '../bars.ts';

/** @param means by contestant, 0 to 1 */
export function pictureOf(means: Readonly<Record<string, number>>): string {
  const bars = Object.entries(means).map(([name, value]) => ({ name, value }));
  const label = (mean: number) => `${(mean * 100).toFixed(1)} %`;
  return barsOf('Computing time that is left to be paid, by eviction policy', bars, label);
}
