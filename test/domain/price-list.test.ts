import { expect, test } from 'vitest';
import { LEVEL_PRODUCT, METERED_PRODUCTS, PRICE_LIST, PRODUCTS } from '../../domain/price-list.ts';

test('levels are of one product: of a second one they would be booked under the first', () => {
  const levels = METERED_PRODUCTS.filter((product) => PRICE_LIST[product].aggregation === 'level');
  expect(levels).toEqual([LEVEL_PRODUCT]);
});

test('each product stands on the list under its own name, and only what is metered has usage', () => {
  expect(PRODUCTS.map((product) => PRICE_LIST[product].product)).toEqual([...PRODUCTS]);
  const metered = PRODUCTS.filter((product) => PRICE_LIST[product].aggregation !== null);
  expect(metered).toEqual([...METERED_PRODUCTS]);
});
