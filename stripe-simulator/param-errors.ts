/** What is wrong with a request's parameters, in Stripe's words. */
import type { z } from 'zod';
import type { StripeApiError, StripeErrorCode } from './errors.ts';
import { invalidRequest } from './errors.ts';
import type { RawParameters } from './form.ts';

/** Where the parsers of `params.ts` put the code of a complaint that they have worded: into zod's `params`. */
export const COMPLAINT_CODE = 'stripeCode';

/** The error for zod's first issue, with Stripe's code and the parameter's name in brackets. */
export function toStripeError(
  issue: z.core.$ZodIssue,
  raw: RawParameters,
  known: readonly string[] = [],
): StripeApiError {
  const param = paramName(issue.path);
  const value = valueAt(raw, issue.path);
  switch (issue.code) {
    case 'unrecognized_keys':
      return unknownParameters(
        issue.keys.map((key) => paramName([...issue.path, key])),
        issue.path.length === 0 ? known : [],
      );
    case 'invalid_union': {
      // The option that got furthest into the value is the one that was meant.
      const deepest = issue.errors.flat().toSorted((a, b) => b.path.length - a.path.length)[0];
      if (deepest === undefined) break;
      return toStripeError({ ...deepest, path: [...issue.path, ...deepest.path] }, raw);
    }
    case 'invalid_type':
      if (value === undefined) return missing(param);
      return invalidRequest(
        issue.expected === 'string'
          ? `Invalid string: ${JSON.stringify(value)}`
          : `Invalid ${issue.expected === 'array' ? 'array' : 'object'}`,
        { param },
      );
    case 'invalid_value':
      if (value === undefined) return missing(param);
      return invalidRequest(`Invalid ${param}: must be one of ${either(issue.values.map(String))}`, {
        param,
      });
    case 'too_big':
      if (issue.origin === 'array') {
        return invalidRequest(`Array items exceeded maximum ${String(issue.maximum)} allowed elements.`, {
          param,
        });
      }
      return tooLong(String(value), Number(issue.maximum), issue.path, param);
    case 'custom': {
      const code = codeOf(issue.params?.[COMPLAINT_CODE]);
      if (code === 'parameter_invalid_empty') return empty(param);
      return invalidRequest(issue.message, { ...(code === undefined ? {} : { code }), param });
    }
    default:
  }
  return invalidRequest(`Invalid ${param}: ${issue.message}`, { param });
}

function missing(param: string): StripeApiError {
  return invalidRequest(`Missing required param: ${param}.`, { code: 'parameter_missing', param });
}

function empty(param: string): StripeApiError {
  return invalidRequest(
    `You passed an empty string for '${param}'. We assume empty values are an attempt to unset a parameter; however '${param}' cannot be unset. You should remove '${param}' from your request or supply a non-empty value.`,
    { code: 'parameter_invalid_empty', param },
  );
}

function unknownParameters(names: readonly string[], known: readonly string[]): StripeApiError {
  const [first = ''] = names;
  const meant = names.length === 1 ? known.find((name) => isNear(first, name)) : undefined;
  return invalidRequest(
    `Received unknown parameter${names.length > 1 ? 's' : ''}: ${names.join(', ')}${meant === undefined ? '' : `. Did you mean ${meant}?`}`,
    { code: 'parameter_unknown', param: first },
  );
}

function tooLong(value: string, most: number, path: readonly PropertyKey[], param: string): StripeApiError {
  if (path.includes('metadata')) {
    return invalidRequest(
      `Metadata values can have up to ${most} characters, but you passed in a value that is ${value.length} characters. Invalid value: ${value}`,
      { param },
    );
  }
  return invalidRequest(
    `Invalid string: ${value.slice(0, 4)}...${value.slice(-4)}; must be at most ${most} characters`,
    { param },
  );
}

/** `month, year, week, or day` */
function either(values: readonly string[]): string {
  if (values.length <= 2) return values.join(' or ');
  return `${values.slice(0, -1).join(', ')}, or ${values.at(-1) ?? ''}`;
}

/** One letter too many, too few or wrong. */
function isNear(a: string, b: string): boolean {
  if (Math.abs(a.length - b.length) > 1) return false;
  let start = 0;
  while (start < a.length && a[start] === b[start]) start += 1;
  const rest = [a.slice(start), b.slice(start)] as const;
  return (
    rest[0].slice(1) === rest[1].slice(1) || rest[0].slice(1) === rest[1] || rest[0] === rest[1].slice(1)
  );
}

function codeOf(value: unknown): StripeErrorCode | undefined {
  return isCode(value) ? value : undefined;
}

/** Only `params.ts` writes it, where the compiler has checked it. */
function isCode(value: unknown): value is StripeErrorCode {
  return typeof value === 'string';
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
