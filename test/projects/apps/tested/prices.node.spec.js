import assert from 'node:assert/strict';
import { afterEach, beforeEach, mock, test } from 'node:test';
import { createPool } from 'threadmemo';
import { fakeClock } from 'threadmemo/testing';

const fetchRate = mock.fn();
mock.module('./rates.js', { namedExports: { fetchRate } });
const { price } = await import('./prices.js');

let clock;
let pool;
beforeEach(async () => {
  fetchRate.mock.resetCalls();
  clock = fakeClock();
  pool = await createPool({ threads: 0, clock });
});
afterEach(() => pool.close());

test('two that ask at once share a price, which ends with its time', async () => {
  fetchRate.mock.mockImplementation(async () => 1.1);
  assert.deepEqual(await Promise.all([price(100, 'EUR'), price(100, 'EUR')]), [110, 110]);
  assert.equal(fetchRate.mock.callCount(), 1);
  clock.advance('2h');
  assert.equal(await price(100, 'EUR'), 110);
  assert.equal(fetchRate.mock.callCount(), 2);
});

test('an old price is answered while a new one is fetched', async () => {
  fetchRate.mock.mockImplementationOnce(async () => 1.1, 0);
  fetchRate.mock.mockImplementationOnce(async () => 1.2, 1);
  await price(100, 'EUR');
  clock.advance('11m');
  assert.equal(await price(100, 'EUR'), 110);
  // Takes none that is older than a minute, and so waits for the new one.
  assert.equal(await price.with({ maxAge: '1m' })(100, 'EUR'), 120);
  assert.equal(fetchRate.mock.callCount(), 2);
});

test('a server that is down is left alone for half a minute', async () => {
  fetchRate.mock.mockImplementationOnce(() => Promise.reject(new Error('down')), 0);
  fetchRate.mock.mockImplementationOnce(async () => 1.1, 1);
  await assert.rejects(price(100, 'EUR'), { message: 'down' });
  await assert.rejects(price(100, 'EUR'), { message: 'down' });
  assert.equal(fetchRate.mock.callCount(), 1);
  clock.advance('30s');
  assert.equal(await price(100, 'EUR'), 110);
});
