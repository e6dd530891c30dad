/** The vocabulary of the route table's schemas: form values are strings, and Stripe has its own words for what is wrong. */
import { z } from 'zod';
import type { StripeErrorCode } from './errors.ts';
import { invalidRequest } from './errors.ts';
import type { RawParameters } from './form.ts';
import { COMPLAINT_CODE, toStripeError } from './param-errors.ts';

/** Stripe's limit for every string that has no other. */
const LONGEST_TEXT = 5_000;

/** A parser of strings whose failure carries one of Stripe's error codes. */
function parsed<T>(
  parse: (text: string) => T | undefined,
  complaint: (text: string) => string,
  code?: StripeErrorCode,
) {
  return z
    .string()
    .max(LONGEST_TEXT)
    .transform((text, context): T => {
      const value = text === '' ? undefined : parse(text);
      if (value !== undefined) return value;
      context.issues.push({
        code: 'custom',
        input: text,
        message: text === '' ? '' : complaint(text),
        params: { [COMPLAINT_CODE]: text === '' ? 'parameter_invalid_empty' : code },
      });
      return z.NEVER;
    });
}

/** A non-empty string. */
export const text = parsed((value) => value, String);

/** A string that may be emptied: `''` is null. */
export const emptyableText = z
  .string()
  .max(LONGEST_TEXT)
  .transform((value) => (value === '' ? null : value));

/** A whole number of up to 15 digits, with or without a sign. */
export const integer = parsed(
  (value) => (/^[+-]?\d{1,15}$/.test(value) ? Number(value) : undefined),
  (value) => `Invalid integer: ${value}`,
  'parameter_invalid_integer',
);

/** A whole number of zero or more, of up to 15 digits. */
export const nonNegativeInteger = parsed(
  (value) => (/^\d{1,15}$/.test(value) ? Number(value) : undefined),
  (value) =>
    /^-\d+$/.test(value) ? 'This value must be greater than or equal to 0.' : `Invalid integer: ${value}`,
  'parameter_invalid_integer',
);

/** Unix seconds. */
export const timestamp = nonNegativeInteger;

/** `true` or `false`, and no other word. */
export const boolean = parsed(
  (value) => (value === 'true' ? true : value === 'false' ? false : undefined),
  (value) => `Invalid boolean: ${value}`,
);

/** A decimal of zero or more. */
export const nonNegativeDecimal = parsed(
  (value) => (/^\d{1,15}(\.\d{1,12})?$/.test(value) ? value : undefined),
  (value) => `Invalid non-negative decimal: ${value}`,
);

/** A three-letter ISO code, lower-cased. */
export const currency = parsed(
  (value) => (/^[a-z]{3}$/i.test(value) ? value.toLowerCase() : undefined),
  (value) => `Invalid currency: ${value.toLowerCase()}. Stripe currently supports three-letter ISO codes.`,
);

const isEmail = (value: string) => /^[^\s@]+@[^\s@]+$/.test(value);

/** An address that may be emptied: `''` is null. */
export const emptyableEmail = emptyableText.superRefine((value, context) => {
  if (value === null || isEmail(value)) return;
  context.addIssue({
    code: 'custom',
    message: `Invalid email address: ${value}`,
    params: { [COMPLAINT_CODE]: 'email_invalid' satisfies StripeErrorCode },
  });
});

/** An address with its scheme, `http` or `https`. */
export const url = parsed(
  (value) => (/^https?:\/\/\S+$/.test(value) ? value : undefined),
  (value) =>
    /^https?:/.test(value)
      ? 'Not a valid URL'
      : 'Invalid URL: An explicit scheme (such as https) must be provided.',
  'url_invalid',
);

/** One of these words; the complaint lists them in this order. */
export function oneOf<const T extends readonly [string, ...string[]]>(...values: T) {
  return z.enum(values);
}

/** Up to 50 keys; a value of `''` unsets its key, `''` for the whole unsets all. */
export const metadata = z.preprocess(
  // qs reads `metadata[0]=x` as an array.
  (value) => (Array.isArray(value) ? Object.fromEntries(value.entries()) : value),
  z.union([z.literal(''), z.record(z.string().max(40), z.string().max(500))]),
);
/** What `mergeMetadata` takes. */
export type MetadataParam = z.output<typeof metadata>;

/** `created=…` or `created[gte]=…`. */
export const range = z.union([
  timestamp.transform((value) => ({ gte: value, lte: value })),
  z.strictObject({
    gt: timestamp.optional(),
    gte: timestamp.optional(),
    lt: timestamp.optional(),
    lte: timestamp.optional(),
  }),
]);
/** A filter of timestamps in unix seconds: `gt` and `lt` exclude the bound itself, `gte` and `lte` include it. */
export type Range = { [K in 'gt' | 'gte' | 'lt' | 'lte']?: number | undefined };

/** An address of which any field may be left out, or emptied. */
export const address = z.strictObject({
  city: emptyableText.optional(),
  country: emptyableText.optional(),
  line1: emptyableText.optional(),
  line2: emptyableText.optional(),
  postal_code: emptyableText.optional(),
  state: emptyableText.optional(),
});

/** The schema of a route: unknown parameters are refused, `expand` is always known. */
export function params<S extends z.ZodRawShape>(shape: S) {
  return z.strictObject({ ...shape, expand: z.array(z.string()).max(20).optional() });
}

/** The schema of a route that takes nothing, not even `expand`. */
export const noParams = z.strictObject({});

/** The schema of a list route. */
export function listParams<S extends z.ZodRawShape>(shape: S) {
  return params({
    ...shape,
    limit: parsed(
      (value) =>
        /^\d+$/.test(value) && Number(value) >= 1 && Number(value) <= 100 ? Number(value) : undefined,
      (value) => `Invalid limit: ${value}; must be between 1 and 100`,
      'parameter_invalid_integer',
    ).optional(),
    starting_after: text.optional(),
    ending_before: text.optional(),
  });
}

/**
 * Parses a request's parameters.
 * @throws 400 with Stripe's code and the name of the first wrong parameter.
 */
export function parseParams<S extends z.ZodType>(schema: S, raw: RawParameters): z.output<S> {
  const result = schema.safeParse(raw);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  if (issue === undefined) throw invalidRequest('Invalid request.');
  throw toStripeError(issue, raw, schema instanceof z.ZodObject ? Object.keys(schema.shape) : []);
}
