import fc from 'fast-check';

/** Stands for a token of JSON that `JSON.stringify` never writes; {@link toHostileJson} puts it in. */
const RAW = 'raw-json:';

const STRINGS: readonly string[] = [
  '',
  ' ',
  '\u0000',
  'a\u0000b',
  '\ud800',
  '\udc00x',
  '\u202egnp.exe',
  'e\u0301'.repeat(40),
  '\u200b\ufeff',
  '\u2028',
  '𝕫😀',
  'ﬁﷺ',
  '__proto__',
  'constructor',
  'toString',
  'hasOwnProperty',
  "' OR '1'='1",
  "'; DROP TABLE users; --",
  '$1',
  '%',
  '_',
  '\\',
  '<img src=x onerror=fuzz()>',
  '"><script>fuzz()</script>',
  '{{7*7}}${7*7}',
  'a\r\nX-Injected: yes',
  '\r\n\r\n<html>',
  '../../../../etc/passwd',
  '..\\..\\windows\\win.ini',
  '/etc/passwd\u0000.png',
  'file:///etc/passwd',
  'http://169.254.169.254/latest/',
  'javascript:fuzz()',
  '//evil.example',
  'NaN',
  'null',
  'undefined',
  'true',
  '-1',
  '0',
  '1e999',
  '0x10',
  '99999999999999999999999999',
  '-0.0000000000000000000001',
  '1,5',
  '２０２６-01',
  '0000-01',
  '9999-12',
  '2026-13',
  '2026-02-30T25:61:61Z',
  '+275760-09-13T00:00:00.001Z',
  'x'.repeat(300),
];

/** Text that has broken services before. */
export const hostileString: fc.Arbitrary<string> = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...STRINGS) },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 40 }) },
  { weight: 1, arbitrary: fc.string({ unit: 'grapheme', maxLength: 40 }) },
  {
    weight: 1,
    arbitrary: fc
      .tuple(fc.constantFrom('a', '%', '\u0301', '😀'), fc.integer({ min: 200, max: 3_000 }))
      .map(([unit, times]) => unit.repeat(times)),
  },
);

const hostileNumber: fc.Arbitrary<unknown> = fc.constantFrom<unknown>(
  0,
  -1,
  0.1,
  2 ** 31,
  2 ** 53,
  -(2 ** 63),
  1e21,
  Number.MIN_VALUE,
  `${RAW}1e999`,
  `${RAW}-1e999`,
  `${RAW}-0`,
  `${RAW}123456789012345678901234567890`,
  `${RAW}0.1000000000000000055511151231257827`,
);

/** Any JSON, mostly of the wrong kind. */
export const hostileJson: fc.Arbitrary<unknown> = fc.oneof(
  { weight: 4, arbitrary: hostileString },
  { weight: 3, arbitrary: hostileNumber },
  {
    weight: 2,
    arbitrary: fc.constantFrom<unknown>(null, true, false, [], {}, [[]], [null], { a: { b: {} } }),
  },
  { weight: 1, arbitrary: fc.jsonValue({ maxDepth: 3 }) },
  { weight: 1, arbitrary: hostileString.map((name) => withOwn({}, name, { polluted: true })) },
  {
    weight: 1,
    arbitrary: fc.integer({ min: 2, max: 1_200 }).map((length) => Array.from({ length }, () => 1)),
  },
);

/** `JSON.stringify`, and what it can't write: numbers beyond doubles, and keys such as `__proto__`. */
export function toHostileJson(value: unknown): string {
  return (JSON.stringify(value) ?? 'null').replaceAll(new RegExp(`"${RAW}([^"]*)"`, 'g'), '$1');
}

/** A copy with one property more; also one that is called `__proto__` is its own. */
export function withOwn(object: object, name: string, value: unknown): object {
  return Object.fromEntries([...Object.entries(object), [name, value]]);
}

/** Headers that some caller may think of, as HTTP can carry them. */
export const hostileHeader: fc.Arbitrary<readonly [name: string, value: string]> = fc.oneof(
  fc.tuple(
    fc.constantFrom(
      'accept',
      'accept-encoding',
      'cookie',
      'expect',
      'forwarded',
      'hx-request',
      'if-modified-since',
      'if-none-match',
      'origin',
      'range',
      'referer',
      'sec-fetch-site',
      'stripe-signature',
      'upgrade',
      'user-agent',
      'x-forwarded-for',
      'x-forwarded-host',
      'x-forwarded-proto',
      'x-http-method-override',
      'x-request-id',
      '__proto__',
    ),
    fc
      .oneof(
        fc.constantFrom(
          '',
          '%00',
          '\u00ff\u00fe',
          '*/*;q=a',
          't=1,v1=',
          `t=1,v1=${'\u00ff'.repeat(64)}`,
          'bytes=0-0,-1',
          'same-origin',
          'cross-site',
          'null',
          'https://evil.example',
          '::ffff:1.2.3.4, fe80::1%eth0, unknown',
          'javascript',
          'h2c',
          'a b"<c>',
          `admin_session=s%3A${'x'.repeat(40)}.y; account_session=%E0%A4%A`,
          'x'.repeat(2_000),
        ),
        fc.string({ unit: fc.integer({ min: 0x20, max: 0xff }).map((code) => String.fromCharCode(code)) }),
      )
      .map((value) => value.replaceAll('\u007f', '')),
  ),
);
