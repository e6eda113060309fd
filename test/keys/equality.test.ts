import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { canonicalKey } from '../../src/keys/canonical.ts';
import { cases } from '../effort.ts';
import { editAt, edits } from '../values/edits.ts';
import { build, type Recipe, recipes } from '../values/recipes.ts';

/** Keys agree exactly when deep equality says so. */
function expectAgreement(one: readonly Recipe[], two: readonly Recipe[]) {
  const listOf = (list: readonly Recipe[], forReference: boolean) =>
    list.map((each) => build(each, forReference));
  const areEqual = isDeepStrictEqual(listOf(one, true), listOf(two, true));
  const haveSameKey = canonicalKey(listOf(one, false)) === canonicalKey(listOf(two, false));
  expect(haveSameKey, `deep equality says ${areEqual}`).toBe(areEqual);
}

describe('two argument lists share a key exactly when isDeepStrictEqual holds', () => {
  const place = fc.array(fc.nat(7), { maxLength: 3 });
  const edit = fc.constantFrom(...edits);

  test('for a list and itself, slightly edited', () => {
    const lists = fc.array(recipes, { minLength: 1, maxLength: 2 });
    fc.assert(
      fc.property(lists, edit, place, fc.nat(1), (list, change, where, which) => {
        const edited = list.map((each, i) =>
          i === which % list.length ? editAt(each, change, where) : each,
        );
        expectAgreement(list, edited);
      }),
      { numRuns: cases(1000) },
    );
  });

  test('for a list and itself with the boundaries between arguments moved', () => {
    fc.assert(
      fc.property(recipes, recipes, edit, (one, two, change) => {
        const array: Recipe = { is: 'array', items: [one, two], named: [] };
        expectAgreement([one, two], [array]);
        expectAgreement([one, two], [one, two, { is: 'primitive', value: undefined }]);
        expectAgreement([array, one], [change(array), one]);
      }),
      { numRuns: cases(400) },
    );
  });

  test('for two unrelated lists out of few values', () => {
    const small = fc.array(recipes, { maxLength: 1, size: 'xsmall' });
    fc.assert(fc.property(small, small, expectAgreement), { numRuns: cases(700) });
  });

  test('for strings of arbitrary code units', () => {
    const text = fc.string({ unit: 'binary', maxLength: 6 });
    const list = fc
      .array(text, { maxLength: 3 })
      .map((texts) => texts.map((value): Recipe => ({ is: 'primitive', value })));
    fc.assert(fc.property(list, list, expectAgreement), { numRuns: cases(200) });
  });
});
