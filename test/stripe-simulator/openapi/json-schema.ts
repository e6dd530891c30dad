/** From the schemas of an OpenAPI 3.0 description to the JSON Schemas that Ajv checks strictly. */
import { z } from 'zod';

/** What Stripe's description uses of a schema. */
export interface JsonSchema {
  type?: string | undefined;
  format?: string | undefined;
  enum?: (string | boolean)[] | undefined;
  pattern?: string | undefined;
  maxLength?: number | undefined;
  nullable?: boolean | undefined;
  required?: string[] | undefined;
  properties?: Record<string, JsonSchema> | undefined;
  items?: JsonSchema | undefined;
  anyOf?: JsonSchema[] | undefined;
  additionalProperties?: boolean | JsonSchema | undefined;
  $ref?: string | undefined;
}

/** Refuses a keyword that the validation would pass over. */
export const jsonSchema: z.ZodType<JsonSchema> = z.strictObject({
  type: z.string().optional(),
  format: z.string().optional(),
  enum: z.array(z.union([z.string(), z.boolean()])).optional(),
  pattern: z.string().optional(),
  maxLength: z.number().optional(),
  nullable: z.boolean().optional(),
  required: z.array(z.string()).optional(),
  get properties() {
    return z.record(z.string(), jsonSchema).optional();
  },
  get items() {
    return jsonSchema.optional();
  },
  get anyOf() {
    return z.array(jsonSchema).optional();
  },
  get additionalProperties() {
    return z.union([z.boolean(), jsonSchema]).optional();
  },
  $ref: z.string().optional(),
});

/** A schema for Ajv: a plain object, since its keywords are Ajv's and ours. */
export type AjvSchema = Record<string, unknown>;

/** The name in a `$ref`. */
function nameOf(reference: string): string {
  return reference.slice(reference.lastIndexOf('/') + 1);
}

/** Of a response: nothing that isn't described, at any depth. */
export function responseSchema(schema: JsonSchema): AjvSchema {
  return convert(schema, (leaf) => {
    switch (leaf.format ?? leaf.type) {
      case 'decimal':
        return { type: 'string', pattern: '^-?\\d+(\\.\\d+)?$' };
      case 'currency':
        return { type: 'string', pattern: '^[a-z]{3}$' };
      case 'unix-time':
        return { type: 'integer', minimum: 0, maximum: 9_999_999_999 };
      default:
        return { type: leaf.type ?? 'string', ...limits(leaf) };
    }
  });
}

/** Of a request: the same, but a form's values are strings. */
export function requestSchema(schema: JsonSchema): AjvSchema {
  return convert(schema, (leaf) => {
    switch (leaf.type) {
      case 'integer':
        return { type: 'string', pattern: '^-?\\d+$' };
      case 'number':
        return { type: 'string', pattern: '^-?\\d+(\\.\\d+)?$' };
      case 'boolean':
        return { type: 'string', enum: ['true', 'false'] };
      default:
        return { type: 'string', ...limits(leaf) };
    }
  });
}

function limits({ enum: values, pattern, maxLength }: JsonSchema): AjvSchema {
  return {
    ...(values === undefined ? {} : { enum: values }),
    ...(pattern === undefined ? {} : { pattern }),
    ...(maxLength === undefined ? {} : { maxLength }),
  };
}

function convert(schema: JsonSchema, leaf: (schema: JsonSchema) => AjvSchema): AjvSchema {
  if (schema.nullable) {
    return { anyOf: [{ type: 'null' }, convert({ ...schema, nullable: undefined }, leaf)] };
  }
  if (schema.$ref !== undefined) return { stripeRef: nameOf(schema.$ref) };
  if (schema.anyOf !== undefined) return { anyOf: schema.anyOf.map((option) => convert(option, leaf)) };
  if (schema.type === 'array') {
    return {
      type: 'array',
      ...(schema.items === undefined ? {} : { items: convert(schema.items, leaf) }),
    };
  }
  if (schema.type !== 'object') return leaf(schema);
  const { properties, required = [], additionalProperties } = schema;
  const rest = additionalProperties ?? properties === undefined;
  return {
    type: 'object',
    required,
    properties: Object.fromEntries(
      Object.entries(properties ?? {}).map(([name, inner]) => [name, convert(inner, leaf)]),
    ),
    additionalProperties: typeof rest === 'boolean' ? rest : convert(rest, leaf),
  };
}
