import { Big } from 'big.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { divideToCents, formatCents, formatChange, formatUnitPrice, sumCents } from '../../domain/money.ts';

/** Half up by whole numbers without end: another way to the same result. */
function halfUp(numerator: bigint, denominator: bigint): bigint {
  const sign = numerator < 0n ? -1n : 1n;
  return sign * ((2n * sign * numerator + denominator) / (2n * denominator));
}

describe('rounding to cents', () => {
  it('rounds a half away from zero, and less toward it', () => {
    expect(divideToCents(new Big('0.5'))).toBe(1);
    expect(divideToCents(new Big('1.5'))).toBe(2);
    expect(divideToCents(new Big('2.5'))).toBe(3);
    expect(divideToCents(new Big('0.499999999999999999999999'))).toBe(0);
    expect(divideToCents(new Big('-0.5'))).toBe(-1);
    expect(divideToCents(new Big('-0.4'))).toBe(0);
  });

  it('rounds once: no digit is lost before the last step', () => {
    const integer = fc.bigInt({ min: -(10n ** 24n), max: 10n ** 24n });
    const denominator = fc.bigInt({ min: 10n ** 9n, max: 10n ** 13n });
    fc.assert(
      fc.property(integer, denominator, (n, d) => {
        expect(divideToCents(new Big(n.toString()), new Big(d.toString()))).toBe(Number(halfUp(n, d)));
      }),
    );
  });

  it('hits the exact tie of a division, from both sides', () => {
    // 5 / 10 is a tie; a hair more or less is not.
    const denominator = new Big('100000000000000000000');
    expect(divideToCents(new Big('50000000000000000000'), denominator)).toBe(1);
    expect(divideToCents(new Big('49999999999999999999'), denominator)).toBe(0);
  });

  it('refuses an amount that a number could not hold exactly', () => {
    expect(() => divideToCents(new Big('9007199254740993'))).toThrow(RangeError);
  });

  it('adds whole cents', () => {
    expect(sumCents([])).toBe(0);
    expect(sumCents([1, -3, 10])).toBe(8);
  });
});

describe('money for people', () => {
  it.each([
    [0, '$0.00'],
    [5, '$0.05'],
    [123_456, '$1,234.56'],
    [-50, '-$0.50'],
  ])('%i cents reads %s', (cents, text) => {
    expect(formatCents(cents)).toBe(text);
  });

  it.each([
    [3_600, 2_400, '+$12.00 (+50 %)'],
    [2_400, 3_600, '-$12.00 (-33 %)'],
    [2_400, 2_400, '+$0.00 (+0 %)'],
    [2_400, 0, '+$24.00'],
  ])('%i cents after %i is a change of %s', (cents, before, text) => {
    expect(formatChange(cents, before)).toBe(text);
  });

  it.each([
    ['10', '$0.10'],
    ['200', '$2.00'],
    ['0.001', '$0.00001'],
  ])('a unit price of %s cents reads %s', (cents, text) => {
    expect(formatUnitPrice(cents)).toBe(text);
  });
});
