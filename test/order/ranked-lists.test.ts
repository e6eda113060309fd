/** What is urgent waits behind what is not; or what is not waits for ever. */

import { expect, test } from 'vitest';
import { type Rank, RankedLists } from '../../src/order/ranked-lists.ts';

interface Item {
  rank: Rank;
  readonly name: string;
}

function listsOf(...names: string[]) {
  const lists = new RankedLists<Item>();
  const links = new Map(
    names.map((name) => [name, lists.pushBack({ name, rank: Number(name[0]) as Rank })]),
  );
  const taken = () => {
    const item = lists.front as Item;
    const link = links.get(item.name);
    if (link) lists.take(link);
    return item.name;
  };
  return { lists, links, taken };
}

const many = (rank: Rank, count: number) => Array.from({ length: count }, (_, n) => `${rank} ${n}`);

test('the highest rank goes first, and within a rank what came first', () => {
  const { taken, lists } = listsOf('2 a', '1 a', '0 a', '1 b', '0 b');
  const order = [taken(), taken(), taken(), taken(), taken()];
  expect(order).toEqual(['0 a', '0 b', '1 a', '1 b', '2 a']);
  expect([lists.size, lists.front]).toEqual([0, undefined]);
});

test('every eighth is of the lowest rank, and the one between is not forgotten', () => {
  const { taken } = listsOf(...many(0, 40), ...many(1, 5), ...many(2, 5));
  const ranks = Array.from({ length: 27 }, () => taken()[0]);
  expect(ranks.join('')).toBe('0000000' + '21000000' + '21000000' + '2100');
});

test('a turn is not saved up by a rank that has nothing', () => {
  const { taken, lists } = listsOf(...many(0, 20));
  for (let n = 0; n < 10; n++) taken();
  lists.pushBack({ name: 'late', rank: 2 });
  expect(taken()).toBe('0 10');
});

test('what is raised goes behind what has that rank, and can still be taken out', () => {
  const { taken, lists, links } = listsOf('0 a', '2 a', '2 b', '2 c');
  for (const name of ['2 b', '2 c']) lists.raise(links.get(name) as never, 0);
  lists.remove(links.get('2 c') as never);
  expect([taken(), taken(), taken()]).toEqual(['0 a', '2 b', '2 a']);
  expect(lists.size).toBe(0);
});
