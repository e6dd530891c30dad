import { expect, test } from 'vitest';
import { creditCause, parseCreditCause } from '../../domain/credit-causes.ts';

test('what makes credits is stored as ever, and read as it was made', () => {
  expect(creditCause.purchase('cs_1')).toBe('checkout_session:cs_1');
  expect(creditCause.testPurchase('p1')).toBe('test-purchase:p1');
  expect(creditCause.bill('b1')).toBe('bill:b1');
  expect(creditCause.takenBack('cs_1', 1)).toBe('taken_back:cs_1:1');
  expect(creditCause.expired('bill:b1', 2)).toBe('expired:bill:b1:2');
  const read = [
    creditCause.purchase('cs_1'),
    creditCause.testPurchase('p1'),
    creditCause.bill('b1'),
    creditCause.takenBack('cs_1', 1),
    creditCause.expired('bill:b1', 2),
    'opening',
  ].map(parseCreditCause);
  expect(read).toEqual([
    { kind: 'purchase', id: 'cs_1' },
    { kind: 'testPurchase', id: 'p1' },
    { kind: 'bill', id: 'b1' },
    { kind: 'takenBack', id: 'cs_1:1' },
    { kind: 'expired', id: 'bill:b1:2' },
    { kind: 'other', id: 'opening' },
  ]);
});
