/** Stripe's own description of its API, as `scripts/vendor-stripe-openapi.mjs` left it. */
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { applyDeviations } from './deviations.ts';
import type { JsonSchema } from './json-schema.ts';
import { jsonSchema } from './json-schema.ts';

const FILE = new URL('../../../stripe-simulator/openapi/stripe.json', import.meta.url);

const parameterSchema = z.object({
  name: z.string(),
  in: z.enum(['path', 'query']),
  required: z.literal(true).optional(),
  schema: jsonSchema,
});

const operationSchema = z.object({
  operationId: z.string(),
  parameters: z.array(parameterSchema),
  requestBody: z
    .object({
      content: z.object({ 'application/x-www-form-urlencoded': z.object({ schema: jsonSchema }) }),
    })
    .optional(),
  responses: z.object({
    200: z.object({ content: z.object({ 'application/json': z.object({ schema: jsonSchema }) }) }),
  }),
});

const descriptionSchema = z.object({
  info: z.object({ version: z.string() }),
  paths: z.record(z.string(), z.record(z.string(), operationSchema)),
  components: z.object({ schemas: z.record(z.string(), jsonSchema) }),
});

/** The part of an OpenAPI document that the file keeps. */
export type Description = z.output<typeof descriptionSchema>;

/** One operation, as the validation needs it. */
export interface Operation {
  /** `POST /v1/invoices/{invoice}/finalize` */
  readonly name: string;
  readonly method: string;
  /** The path's segments; one in braces stands for any id. */
  readonly segments: readonly string[];
  /** Of the parameters as one object, from the query or from the body. */
  readonly parameters: JsonSchema;
  readonly response: JsonSchema;
}

/** The description as the file has it. */
export function readDescription(): Description {
  return descriptionSchema.parse(JSON.parse(readFileSync(FILE, 'utf8')));
}

/** The operations and the named schemas, corrected where the SDK of this repository is newer. */
export function loadDescription(): { operations: Operation[]; schemas: Record<string, JsonSchema> } {
  const { paths, components } = applyDeviations(readDescription());
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({
      name: `${method.toUpperCase()} ${path}`,
      method: method.toUpperCase(),
      segments: path.split('/'),
      parameters: operation.requestBody
        ? operation.requestBody.content['application/x-www-form-urlencoded'].schema
        : queryOf(operation.parameters),
      response: operation.responses[200].content['application/json'].schema,
    })),
  );
  return { operations, schemas: components.schemas };
}

function queryOf(parameters: readonly z.output<typeof parameterSchema>[]): JsonSchema {
  const query = parameters.filter((parameter) => parameter.in === 'query');
  return {
    type: 'object',
    properties: Object.fromEntries(query.map(({ name, schema }) => [name, schema])),
    required: query.filter(({ required }) => required).map(({ name }) => name),
  };
}

/** The operation of a request; a literal segment wins over an id. */
export function findOperation(
  operations: readonly Operation[],
  method: string,
  path: string,
): Operation | undefined {
  const segments = path.split('/');
  const literals = (operation: Operation) =>
    operation.segments.filter((segment) => !segment.startsWith('{')).length;
  return operations
    .filter(
      (operation) =>
        operation.method === method &&
        operation.segments.length === segments.length &&
        operation.segments.every((segment, index) => segment.startsWith('{') || segment === segments[index]),
    )
    .toSorted((a, b) => literals(b) - literals(a))[0];
}
