/** A page that is made anew for no client keeps no client waiting when the application never gets to it. */

import { expect, test } from 'vitest';
import { PageRenewals } from '../../src/web/renewals.ts';

test('a request that never arrives at the route is given up, and is a request like any other when it does', async () => {
  const renewals = new PageRenewals(1);
  const token = {};
  renewals.note('page', (known) => known(token));
  expect(await renewals.begin('page')).toBeUndefined();
  expect(renewals.take(token)).toBeUndefined();
});

test('one that arrives is expected once', async () => {
  const renewals = new PageRenewals();
  const token = {};
  renewals.note('page', (known) => known(token));
  const begun = renewals.begin('page');
  renewals.take(token)?.arrive(undefined);
  expect(await begun).toBeUndefined();
  expect(renewals.take(token)).toBeUndefined();
});

test('an answer without the route ends it', async () => {
  const renewals = new PageRenewals();
  renewals.note('page', (_, ended) => ended());
  expect(await renewals.begin('page')).toBeUndefined();
});
