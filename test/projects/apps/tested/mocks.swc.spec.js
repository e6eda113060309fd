import { createPool } from 'threadmemo';
import { price } from './prices.js';
import { fetchRate } from './rates.js';

jest.mock('./rates.js');

let pool;
beforeAll(async () => {
  pool = await createPool({ threads: 0 });
});
afterAll(() => pool.close());

test('a mock is seen where there are no threads', async () => {
  fetchRate.mockResolvedValue(1.1);
  expect(await Promise.all([price(100, 'EUR'), price(100, 'EUR')])).toEqual([110, 110]);
  expect(fetchRate).toHaveBeenCalledTimes(1);
});
