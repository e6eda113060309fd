/** The suite that every tier has to pass, in vitest. */

import { describe, test } from 'vitest';
import type { OpenTier, SuiteOptions } from '../../src/tiers/suite.ts';
import { tierCases } from '../../src/tiers/suite.ts';

export { record } from '../../src/tiers/suite-case.ts';

export function tierSuite(name: string, open: OpenTier, options?: SuiteOptions): void {
  describe(name, () => {
    for (const { name, skip, run } of tierCases(options)) {
      test.skipIf(skip)(skip ? `${name} (${skip})` : name, () => run(open));
    }
  });
}
