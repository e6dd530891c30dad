/** The vocabulary of the route table's schemas: form values are strings, and Stripe has its own words for what is wrong. */
import { z } from 'zod';
import type { StripeApiError } from './errors.ts';
import { invalidRequest } from './errors.ts';
import type { RawParameters } from './form.ts';

/** A parser of strings whose failure carries one of Stripe's error codes. */
function parsed<T>(
  parse: (text: string) => T | undefined,
  complaint: (text: string) => string,
  code?: string,
) {
  return z.string().transform((text, context): T => {
    const value = text === '' ? undefined : parse(text);
    if (value !== undefined) return value;
    context.issues.push({
      code: 'custom',
      input: text,
      message: text === '' ? '' : complaint(text),
      params: { stripeCode: text === '' ? 'parameter_invalid_empty' : code },
    });
    return z.NEVER;
  });
}

/** A non-empty string. */
export const text = parsed((value) => value, String);

/** A string that may be emptied: `''` is null. */
export const emptyableText = z.string().transform((value) => (value === '' ? null : value));

export const integer = parsed(
  (value) => (/^[+-]?\d{1,15}$/.test(value) ? Number(value) : undefined),
  (value) => `Invalid integer: ${value}`,
  'parameter_invalid_integer',
);

export const nonNegativeInteger = parsed(
  (value) => (/^\d{1,15}$/.test(value) ? Number(value) : undefined),
  (value) =>
    /^-\d+$/.test(value) ? 'This value must be greater than or equal to 0.' : `Invalid integer: ${value}`,
  'parameter_invalid_integer',
);

/** Unix seconds. */
export const timestamp = nonNegativeInteger;

export const boolean = parsed(
  (value) => (value === 'true' ? true : value === 'false' ? false : undefined),
  (value) => `Invalid boolean: ${value}`,
);

/** A decimal with at most 12 places, kept as the string it came as. */
export const decimal = parsed(
  (value) => (/^-?\d{1,15}(\.\d{1,12})?$/.test(value) ? value : undefined),
  (value) => `Invalid decimal: ${value}; must be a number with at most 12 decimal places`,
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

export const url = parsed(
  (value) => (/^https?:\/\/\S+$/.test(value) ? value : undefined),
  () => 'Invalid URL: An explicit scheme (such as https) must be provided.',
  'url_invalid',
);

export function oneOf<const T extends readonly [string, ...string[]]>(...values: T) {
  return z.enum(values);
}

/** Up to 50 keys; a value of `''` unsets its key, `''` for the whole unsets all. */
export const metadata = z.preprocess(
  // qs reads `metadata[0]=x` as an array.
  (value) => (Array.isArray(value) ? Object.fromEntries(value.entries()) : value),
  z.union([z.literal(''), z.record(z.string().max(40), z.string().max(500))]),
);
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
export type Range = { [K in 'gt' | 'gte' | 'lt' | 'lte']?: number | undefined };

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
  throw issue === undefined ? invalidRequest('Invalid request.') : toStripeError(issue, raw);
}

function toStripeError(issue: z.core.$ZodIssue, raw: RawParameters): StripeApiError {
  const param = paramName(issue.path);
  switch (issue.code) {
    case 'unrecognized_keys': {
      const names = issue.keys.map((key) => paramName([...issue.path, key]));
      return invalidRequest(`Received unknown parameter${names.length > 1 ? 's' : ''}: ${names.join(', ')}`, {
        code: 'parameter_unknown',
        ...(names[0] === undefined ? {} : { param: names[0] }),
      });
    }
    case 'invalid_union': {
      // The option that got furthest into the value is the one that was meant.
      const deepest = issue.errors.flat().toSorted((a, b) => b.path.length - a.path.length)[0];
      if (deepest === undefined) break;
      return toStripeError({ ...deepest, path: [...issue.path, ...deepest.path] }, raw);
    }
    case 'invalid_type':
      if (valueAt(raw, issue.path) === undefined) {
        return invalidRequest(`Missing required param: ${param}.`, { code: 'parameter_missing', param });
      }
      return invalidRequest(`Invalid ${kindName(issue.expected)}`, { param });
    case 'invalid_value':
      if (valueAt(raw, issue.path) === undefined) {
        return invalidRequest(`Missing required param: ${param}.`, { code: 'parameter_missing', param });
      }
      return invalidRequest(`Invalid ${param}: must be one of ${issue.values.map(String).join(', ')}`, {
        param,
      });
    case 'custom':
      if (issue.params?.['stripeCode'] === 'parameter_invalid_empty') {
        return invalidRequest(
          `You passed an empty string for '${param}'. We assume empty values are an attempt to unset a parameter; however '${param}' cannot be unset. You should remove '${param}' from your request or supply a non-empty value.`,
          { code: 'parameter_invalid_empty', param },
        );
      }
      return invalidRequest(issue.message, { ...stripeCode(issue.params?.['stripeCode']), param });
    default:
  }
  return invalidRequest(`Invalid ${param}: ${issue.message}`, { param });
}

function stripeCode(code: unknown): { code?: string } {
  return typeof code === 'string' ? { code } : {};
}

function kindName(expected: string): string {
  return expected === 'record' || expected === 'object' ? 'object' : expected;
}

/** `items[0][price]`, as Stripe writes it. */
function paramName(path: readonly PropertyKey[]): string {
  return path.map((part, index) => (index === 0 ? String(part) : `[${String(part)}]`)).join('');
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  let found = value;
  for (const part of path) {
    if (typeof found !== 'object' || found === null) return undefined;
    found = Object.entries(found).find(([name]) => name === String(part))?.[1];
  }
  return found;
}
