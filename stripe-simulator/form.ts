/** `application/x-www-form-urlencoded` with nested brackets, as the SDK writes bodies and query strings. */

import type { ParsedQs } from 'qs';
import { parse } from 'qs';
import { invalidRequest } from './errors.ts';

/** Parameters before any schema has seen them: strings, arrays and objects of strings. */
export type RawParameters = ParsedQs;

/** Stripe's largest request, 250 invoice lines with all their fields, stays far below this many pairs. */
const PARAMETER_LIMIT = 50_000;

/** Decodes `items[0][price]=price_1&expand[]=customer` to nested objects and arrays. */
export function decodeForm(text: string): RawParameters {
  if (text === '') return {};
  try {
    return parse(text, {
      // qs makes objects of arrays that are longer than this; an invoice takes 250 lines.
      arrayLimit: 1_000,
      depth: 12,
      strictDepth: true,
      parameterLimit: PARAMETER_LIMIT,
      throwOnLimitExceeded: true,
    });
  } catch (error) {
    throw invalidRequest(`Invalid request body: ${error instanceof Error ? error.message : String(error)}`);
  }
}
