/** An exact fraction, always in lowest terms and with a positive denominator, so that equal ones look equal. */
export interface Rational {
  readonly numerator: bigint;
  readonly denominator: bigint;
}

/** @throws RangeError when the denominator is 0. */
export function rational(numerator: bigint, denominator = 1n): Rational {
  if (denominator === 0n) throw new RangeError('a fraction needs a denominator other than 0');
  const divisor = greatestCommonDivisor(numerator, denominator) * (denominator < 0n ? -1n : 1n);
  return { numerator: numerator / divisor, denominator: denominator / divisor };
}

/** No unit, no cent. */
export const ZERO = rational(0n);

/**
 * Reads a plain decimal: `"12"`, `"-0.050"`.
 *
 * @throws SyntaxError when it is none.
 */
export function parseDecimal(text: string): Rational {
  const [, sign, whole, decimals = ''] = /^(-?)(\d+)(?:\.(\d+))?$/.exec(text) ?? [];
  if (whole === undefined) throw new SyntaxError(`"${text}" is no decimal`);
  const digits = BigInt(whole + decimals);
  return rational(sign === '-' ? -digits : digits, 10n ** BigInt(decimals.length));
}

/** The exact sum. */
export function plus(a: Rational, b: Rational): Rational {
  return rational(a.numerator * b.denominator + b.numerator * a.denominator, a.denominator * b.denominator);
}

/** The exact difference, which may be negative. */
export function minus(a: Rational, b: Rational): Rational {
  return plus(a, rational(-b.numerator, b.denominator));
}

/** The exact product. */
export function times(a: Rational, b: Rational): Rational {
  return rational(a.numerator * b.numerator, a.denominator * b.denominator);
}

/** @throws RangeError when `b` is 0. */
export function over(a: Rational, b: Rational): Rational {
  return rational(a.numerator * b.denominator, a.denominator * b.numerator);
}

/** Whether it is exactly 0: nothing is close enough. */
export function isZero(value: Rational): boolean {
  return value.numerator === 0n;
}

/** The nearest whole number; a half goes away from zero. */
export function nearestWhole({ numerator, denominator }: Rational): bigint {
  const magnitude = numerator < 0n ? -numerator : numerator;
  const rounded = (2n * magnitude + denominator) / (2n * denominator);
  return numerator < 0n ? -rounded : rounded;
}

/** `"3/2"`, or `"3"` for a whole number. Equal fractions give equal texts. */
export function format({ numerator, denominator }: Rational): string {
  return denominator === 1n ? `${numerator}` : `${numerator}/${denominator}`;
}

function greatestCommonDivisor(a: bigint, b: bigint): bigint {
  let [x, y] = [a < 0n ? -a : a, b < 0n ? -b : b];
  while (y !== 0n) [x, y] = [y, x % y];
  return x;
}
