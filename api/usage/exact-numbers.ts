/**
 * `JSON.parse` for bodies with quantities. A JSON number becomes a double, which holds any decimal of up to 15 significant
 * digits so that the same decimal comes out again. One with more digits, or with an exponent, may have lost something on
 * its way here already: such a `quantity` parses as `Infinity`, which no schema takes, instead of as a number close to it.
 *
 * @throws SyntaxError as `JSON.parse` does.
 */
export function parseExactJson(text: string): unknown {
  return JSON.parse(
    text.replace(QUANTITY, (member, name: string, literal: string) =>
      isJsonNumber(literal) && !isExactInDouble(literal) ? `${name}1e999` : member,
    ),
  );
}

// A quote inside a JSON string is always escaped, so this can't begin within one.
const QUANTITY = /("quantity"\s*:\s*)(-?\d[\d.eE+-]*)/g;
const SIGNIFICANT_DIGITS = 15;

function isJsonNumber(literal: string): boolean {
  return /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/.test(literal);
}

function isExactInDouble(literal: string): boolean {
  if (/[eE]/.test(literal)) return false;
  const digits = literal.replace(/[-.]/g, '').replace(/^0+/, '');
  return digits.length <= SIGNIFICANT_DIGITS;
}
