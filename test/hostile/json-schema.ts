import fc from 'fast-check';
import { DOCUMENT } from '../api/documented.ts';

/** As much of JSON Schema as the document uses. */
export interface JsonSchema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly examples?: readonly unknown[];
  readonly pattern?: string;
  readonly format?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly maxLength?: number;
  readonly minItems?: number;
  readonly items?: JsonSchema;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly not?: unknown;
  readonly anyOf?: readonly JsonSchema[];
  readonly oneOf?: readonly JsonSchema[];
}

/** Values of these names that mean something to the service, whatever their schema says. */
export type KnownValues = Readonly<Record<string, fc.Arbitrary<unknown>>>;

/**
 * Values that a schema of the document describes, or nearly: a pattern that is too clever for a generator gives any text.
 *
 * @param known by the name of a property or parameter.
 */
export function valuesOf(schema: JsonSchema, known: KnownValues, name = ''): fc.Arbitrary<unknown> {
  const described = describedBy(schema, known);
  const meaningful = Object.hasOwn(known, name) ? known[name] : undefined;
  return meaningful === undefined
    ? described
    : fc.oneof({ weight: 6, arbitrary: meaningful }, { weight: 1, arbitrary: described });
}

function describedBy(schema: JsonSchema, known: KnownValues): fc.Arbitrary<unknown> {
  if (schema.$ref !== undefined) return valuesOf(resolve(schema.$ref), known);
  if (schema.const !== undefined) return fc.constant(schema.const);
  if (schema.enum !== undefined) return fc.constantFrom(...schema.enum);
  const choices = schema.oneOf ?? schema.anyOf;
  if (choices !== undefined) return fc.oneof(...choices.map((choice) => valuesOf(choice, known)));
  const examples = (schema.examples ?? []).map((example) => fc.constant(example));
  return fc.oneof(...examples, ofType(schema, known));
}

function ofType(schema: JsonSchema, known: KnownValues): fc.Arbitrary<unknown> {
  const [type] = [schema.type ?? []].flat();
  switch (type) {
    case 'string':
      return texts(schema);
    case 'integer':
      return fc.integer(boundsOf(schema));
    case 'number':
      return fc.double({ ...boundsOf(schema), noNaN: true, noDefaultInfinity: true });
    case 'boolean':
      return fc.boolean();
    case 'array':
      return fc.array(valuesOf(schema.items ?? {}, known), { minLength: schema.minItems ?? 0, maxLength: 4 });
    case 'object':
      return objects(schema, known);
    case undefined:
    default:
      return fc.jsonValue({ maxDepth: 1 });
  }
}

function objects({ properties = {}, required = [] }: JsonSchema, known: KnownValues): fc.Arbitrary<unknown> {
  const entries = Object.entries(properties).filter(([, { not }]) => not === undefined);
  const values = Object.fromEntries(entries.map(([name, schema]) => [name, valuesOf(schema, known, name)]));
  return fc.record(values, { requiredKeys: required.filter((name) => Object.hasOwn(values, name)) });
}

function texts({ format, pattern, maxLength = 60 }: JsonSchema): fc.Arbitrary<string> {
  if (format === 'email') return fc.emailAddress();
  if (format === 'uri') return fc.webUrl();
  if (format === 'date-time')
    return fc.date({ noInvalidDate: true, min: new Date(0) }).map((date) => date.toISOString());
  if (format === 'uuid') return fc.uuid();
  // Of Unicode's properties the generator knows nothing.
  if (pattern === undefined || pattern.includes('\\p')) return fc.string({ minLength: 1, maxLength });
  return fc.stringMatching(new RegExp(pattern));
}

function boundsOf({ minimum, exclusiveMinimum, maximum }: JsonSchema): { min: number; max: number } {
  const min = minimum ?? (exclusiveMinimum === undefined ? -1_000 : exclusiveMinimum + 1);
  return { min: Math.max(min, -(2 ** 31)), max: Math.min(maximum ?? 1_000_000, 2 ** 31 - 1) };
}

function resolve(reference: string): JsonSchema {
  const path = reference.replace(/^#\//, '').split('/');
  const found: unknown = path.reduce<unknown>(
    (value, part) => (value as Readonly<Record<string, unknown>>)[part],
    DOCUMENT,
  );
  return found as JsonSchema;
}
