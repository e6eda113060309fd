import { createPool } from 'threadmemo';
import { fakeClock } from 'threadmemo/testing';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { price } from './prices.js';
import { fetchRate } from './rates.js';

vi.mock('./rates.js');

let clock;
let pool;
beforeEach(async () => {
  vi.resetAllMocks();
  clock = fakeClock();
  pool = await createPool({ threads: 0, clock });
});
afterEach(() => pool.close());

test('two that ask at once share a price, which ends with its time', async () => {
  vi.mocked(fetchRate).mockResolvedValue(1.1);
  expect(await Promise.all([price(100, 'EUR'), price(100, 'EUR')])).toEqual([110, 110]);
  expect(fetchRate).toHaveBeenCalledTimes(1);
  clock.advance('2h');
  expect(await price(100, 'EUR')).toBe(110);
  expect(fetchRate).toHaveBeenCalledTimes(2);
});

test('an old price is answered while a new one is fetched', async () => {
  vi.mocked(fetchRate).mockResolvedValueOnce(1.1).mockResolvedValueOnce(1.2);
  await price(100, 'EUR');
  clock.advance('11m');
  expect(await price(100, 'EUR')).toBe(110);
  // Takes none that is older than a minute, and so waits for the new one.
  expect(await price.with({ maxAge: '1m' })(100, 'EUR')).toBe(120);
  expect(fetchRate).toHaveBeenCalledTimes(2);
});

test('a server that is down is left alone for half a minute', async () => {
  vi.mocked(fetchRate).mockRejectedValueOnce(new Error('down')).mockResolvedValueOnce(1.1);
  await expect(price(100, 'EUR')).rejects.toThrow('down');
  await expect(price(100, 'EUR')).rejects.toThrow('down');
  expect(fetchRate).toHaveBeenCalledTimes(1);
  clock.advance('30s');
  expect(await price(100, 'EUR')).toBe(110);
});
