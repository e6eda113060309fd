/** The suite that every tier has to pass, in vitest. */

import { type OpenTier, type SuiteOptions, tierCases } from 'threadmemo/tier-suite';
import { describe, test } from 'vitest';

export { record } from '../../build/src/tiers/suite-case.js';

export function tierSuite(name: string, open: OpenTier, options?: SuiteOptions): void {
  describe(name, () => {
    for (const { name, skip, run } of tierCases(options)) {
      test.skipIf(skip)(skip ? `${name} (${skip})` : name, () => run(open));
    }
  });
}
