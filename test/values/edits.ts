/** Small edits of recipes: each makes something that a careless key or codec takes for the same. */
import type { Entry, Recipe } from './recipes.ts';

type Edit = (recipe: Recipe) => Recipe;

const primitive = (value: unknown): Recipe => ({ is: 'primitive', value });
const arrayOf = (...items: Recipe[]): Recipe => ({ is: 'array', items, named: [] });

/** Each of them changes some kinds of value, and returns all others as they are. */
export const edits: readonly Edit[] = [
  (recipe) => ({ ...recipe }),
  (recipe) => arrayOf(recipe),
  function reorder(recipe) {
    if (recipe.is === 'object' || recipe.is === 'map') {
      return { ...recipe, entries: [...recipe.entries].reverse() } as Recipe;
    }
    return recipe.is === 'set' || recipe.is === 'array'
      ? { ...recipe, items: [...recipe.items].reverse() }
      : recipe;
  },
  function swapMapAndObject(recipe) {
    if (recipe.is === 'map') {
      const named = recipe.entries.map(([key, value], i): Entry => {
        return [
          key.is === 'primitive' && typeof key.value === 'string' ? key.value : `${i}`,
          value,
        ];
      });
      return { is: 'object', bare: false, entries: named };
    }
    if (recipe.is !== 'object') return recipe;
    return { is: 'map', entries: recipe.entries.map(([key, value]) => [primitive(key), value]) };
  },
  function swapSetAndArray(recipe) {
    if (recipe.is === 'set') return arrayOf(...recipe.items);
    return recipe.is === 'array' ? { is: 'set', items: recipe.items } : recipe;
  },
  function dateToText(recipe) {
    if (recipe.is !== 'date') return recipe;
    const isValid = !Number.isNaN(recipe.time);
    return primitive(isValid ? new Date(recipe.time).toISOString() : Number.NaN);
  },
  (recipe) => (recipe.is === 'date' ? primitive(recipe.time) : recipe),
  (recipe) => (recipe.is === 'primitive' ? primitive(String(recipe.value)) : recipe),
  (recipe) => {
    const boxes = recipe.is === 'primitive' && recipe.value !== null && recipe.value !== undefined;
    return boxes ? { is: 'boxed', value: recipe.value } : recipe;
  },
  function otherNumber(recipe) {
    if (recipe.is !== 'primitive' && recipe.is !== 'boxed') return recipe;
    const { value } = recipe;
    if (typeof value === 'number') {
      if (value === 0) return { ...recipe, value: Object.is(value, 0) ? -0 : 0 };
      return { ...recipe, value: Number.isSafeInteger(value) ? BigInt(value) : null };
    }
    return typeof value === 'bigint' ? { ...recipe, value: Number(value) } : recipe;
  },
  function otherCharacter(recipe) {
    if (recipe.is !== 'primitive' || typeof recipe.value !== 'string') return recipe;
    const swapped = recipe.value.replace(/[\ud800-\udfff\ufffd]/g, (each) =>
      each === '\ud800' ? '\udfff' : each === '\udfff' ? '\ufffd' : '\ud800',
    );
    return primitive(swapped);
  },
  (recipe) => {
    const isText = recipe.is === 'primitive' && typeof recipe.value === 'string';
    return isText ? primitive(`${recipe.value},`) : recipe;
  },
  function holesToUndefined(recipe) {
    if (recipe.is !== 'array') return recipe;
    const items = recipe.items.map((item) => (item.is === 'hole' ? primitive(undefined) : item));
    return { ...recipe, items };
  },
  function oneMoreUndefined(recipe) {
    if (recipe.is === 'array') return { ...recipe, items: [...recipe.items, primitive(undefined)] };
    if (recipe.is !== 'object') return recipe;
    return { ...recipe, entries: [...recipe.entries, ['more', primitive(undefined)]] };
  },
  (recipe) =>
    recipe.is === 'array' ? { ...recipe, items: [...recipe.items, { is: 'hole' }] } : recipe,
  (recipe) =>
    recipe.is === 'array' ? { ...recipe, named: [['k', primitive(1)], ...recipe.named] } : recipe,
  (recipe) => (recipe.is === 'object' ? { ...recipe, bare: !recipe.bare } : recipe),
  function moveBoundary(recipe) {
    if (recipe.is !== 'array' || recipe.items.length < 2) return recipe;
    const [first, ...rest] = recipe.items;
    if (first?.is === 'array' && first.items.length > 0) {
      return { ...recipe, items: [...first.items, arrayOf(...rest)] };
    }
    return { ...recipe, items: [arrayOf(first as Recipe), ...rest] };
  },
  function otherBytes(recipe) {
    if (recipe.is !== 'bytes') return recipe;
    return { ...recipe, bytes: recipe.bytes.map((byte, i) => (i === 0 ? (byte + 1) % 256 : byte)) };
  },
  (recipe) => (recipe.is === 'bytes' ? { ...recipe, as: 'Uint8Array' } : recipe),
  (recipe) => (recipe.is === 'bytes' ? arrayOf(...recipe.bytes.map(primitive)) : recipe),
  (recipe) => (recipe.is === 'bytes' ? { ...recipe, as: 'Buffer' } : recipe),
  (recipe) => (recipe.is === 'regexp' ? { ...recipe, at: recipe.at + 1 } : recipe),
  (recipe) => (recipe.is === 'regexp' ? { ...recipe, flags: `${recipe.flags}s` } : recipe),
  (recipe) => (recipe.is === 'error' ? { ...recipe, as: 'TypeError' } : recipe),
  (recipe) => (recipe.is === 'error' ? { ...recipe, name: 'Other' } : recipe),
  (recipe) => (recipe.is === 'error' ? { ...recipe, cause: undefined } : recipe),
  (recipe) => (recipe.is === 'error' ? { ...recipe, cause: primitive(undefined) } : recipe),
  (recipe) =>
    recipe.is === 'error'
      ? { ...recipe, fields: [...recipe.fields, ['code', primitive(1)]] }
      : recipe,
  function swapErrorAndObject(recipe) {
    if (recipe.is !== 'error') return recipe;
    const entries: Entry[] = [['message', primitive(recipe.message)], ...recipe.fields];
    return { is: 'object', bare: false, entries };
  },
];

/** Applies one edit somewhere in the recipe: `place` chooses the way down. */
export function editAt(recipe: Recipe, edit: Edit, place: readonly number[]): Recipe {
  const [turn, ...rest] = place;
  const deeper = (each: Recipe) => editAt(each, edit, rest);
  if (turn === undefined) return edit(recipe);
  switch (recipe.is) {
    case 'array':
    case 'set': {
      const at = turn % (recipe.items.length + 1);
      if (at === recipe.items.length) return edit(recipe);
      return { ...recipe, items: recipe.items.map((each, i) => (i === at ? deeper(each) : each)) };
    }
    case 'object': {
      const at = turn % (recipe.entries.length + 1);
      if (at === recipe.entries.length) return edit(recipe);
      const changed = (each: Recipe, i: number) => (i === at ? deeper(each) : each);
      return {
        ...recipe,
        entries: recipe.entries.map(([key, each], i) => [key, changed(each, i)]),
      };
    }
    case 'map': {
      const at = turn % (recipe.entries.length + 1);
      if (at === recipe.entries.length) return edit(recipe);
      const changed = (each: Recipe, i: number) => (i === at ? deeper(each) : each);
      return {
        ...recipe,
        entries: recipe.entries.map(([key, each], i) => [key, changed(each, i)]),
      };
    }
    default:
      return edit(recipe);
  }
}
