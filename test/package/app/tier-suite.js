import { test } from 'node:test';
import { mapTier } from 'threadmemo';
import { tierCases } from 'threadmemo/tier-suite';

for (const { name, skip, run } of tierCases({ withoutLease: 'a Map is of one process' })) {
  test(name, { skip }, () => run(() => mapTier()));
}
