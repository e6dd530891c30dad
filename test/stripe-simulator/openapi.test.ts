/** The vendored description itself, and that the route table and the list of deviations fit it. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { decodeForm } from '../../stripe-simulator/form.ts';
import { ROUTES } from '../../stripe-simulator/routes/index.ts';
import { API_VERSION } from '../../stripe-simulator/wire.ts';
import { findOperation, loadDescription, readDescription } from './openapi/description.ts';
import { DEVIATIONS, ROUTE_OF_VERSIONS, UNDESCRIBED_ROUTES } from './openapi/deviations.ts';
import type { JsonSchema } from './openapi/json-schema.ts';
import { Validator } from './openapi/validator.ts';

const { operations } = loadDescription();

const isUndescribed = (name: string) => UNDESCRIBED_ROUTES.some(({ route }) => route.test(name));

test('every route of the simulator is one of the description, which has no others', () => {
  const routes = ROUTES.map(({ method, path }) => `${method} ${path}`).filter((name) => !isUndescribed(name));
  const found = routes.map((name) => {
    const [method = '', path = ''] = name.split(' ');
    return [name, findOperation(operations, method, path)?.name] as const;
  });
  expect(found.filter(([, operation]) => operation === undefined)).toEqual([]);
  const used = new Set(found.map(([, operation]) => operation));
  expect(operations.map(({ name }) => name).filter((name) => !used.has(name))).toEqual([]);
});

test.each(DEVIATIONS.map((deviation) => [`${deviation.schema}.${deviation.field}`, deviation] as const))(
  'the deviation %s is still needed',
  (_name, { schema, field }) => {
    const { info, components } = readDescription();
    expect(info.version < API_VERSION).toBe(true);
    expect(components.schemas[schema]?.properties).toBeDefined();
    expect(components.schemas[schema]?.properties).not.toHaveProperty(field);
  },
);

test('the version of the SDK is one that the description does not list yet', () => {
  const { paths } = readDescription();
  const { requestBody } = paths[ROUTE_OF_VERSIONS]?.['post'] ?? {};
  const { schema } = requestBody?.content['application/x-www-form-urlencoded'] ?? {};
  expect(schema?.properties?.['api_version']?.enum).not.toContain(API_VERSION);
});

test('the README names every deviation', () => {
  const readme = readFileSync(new URL('../../stripe-simulator/README.md', import.meta.url), 'utf8');
  expect(DEVIATIONS.filter(({ field }) => !readme.includes(`.${field}\``))).toEqual([]);
});

test('a route that Stripe does not describe is listed as such as long as the simulator has it', () => {
  for (const { route } of UNDESCRIBED_ROUTES) {
    const served = ROUTES.filter(({ method, path }) => route.test(`${method} ${path}`));
    expect(served.length, String(route)).toBeGreaterThan(0);
    for (const { method, path } of served) expect(findOperation(operations, method, path)).toBeUndefined();
  }
});

/** The part of zod's JSON Schema that matters here: which names may stand where. */
const shapeSchema = z.looseObject({
  get properties() {
    return z.record(z.string(), shapeSchema).optional();
  },
  get items() {
    return shapeSchema.optional();
  },
  get anyOf() {
    return z.array(shapeSchema).optional();
  },
});
type Shape = z.output<typeof shapeSchema>;

/** `items[].price_data.recurring`, for every parameter that a route takes and the description doesn't know. */
function unknownParameters(taken: Shape, described: readonly JsonSchema[], path = ''): string[] {
  const options = described.flatMap(flattened);
  const below = (taken.anyOf ?? []).flatMap((option) => unknownParameters(option, options, path));
  const items = taken.items
    ? unknownParameters(
        taken.items,
        options.flatMap(({ items: described = {} }) => [described]),
        `${path}[]`,
      )
    : [];
  const properties = Object.entries(taken.properties ?? {}).flatMap(([name, inner]) => {
    const known = options.flatMap((option) => option.properties?.[name] ?? []);
    const here = path === '' ? name : `${path}.${name}`;
    return known.length === 0 ? [here] : unknownParameters(inner, known, here);
  });
  return [...below, ...items, ...properties];
}

function flattened(schema: JsonSchema): JsonSchema[] {
  return schema.anyOf === undefined ? [schema] : schema.anyOf.flatMap(flattened);
}

test.each(
  ROUTES.filter(({ method, path }) => !isUndescribed(`${method} ${path}`)).map(
    (route) => [`${route.method} ${route.path}`, route] as const,
  ),
)('%s takes no parameter that Stripe does not take', (_name, { method, path, schema }) => {
  const operation = findOperation(operations, method, path);
  const taken = shapeSchema.parse(z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }));
  expect(unknownParameters(taken, operation === undefined ? [] : [operation.parameters])).toEqual([]);
});

const validator = new Validator();
const exchange = { contentType: 'application/json', fault: null, method: 'GET', path: '/v1/account' };

test.each([
  ['an unknown parameter', 'POST', '/v1/customers', 'nickname=x', '"additionalProperty":"nickname"'],
  ['an unknown nested one', 'POST', '/v1/customers', 'address[moon]=x', '/address'],
  ['a wrong type', 'GET', '/v1/customers', 'limit=many', '/limit'],
  ['a missing one', 'POST', '/v1/prices', 'product=prod_1', '"missingProperty":"currency"'],
])('the validation sees %s of a request', (_what, method, path, form, complaint) => {
  const { complaints } = validator.exchange({
    ...exchange,
    method,
    path,
    parameters: decodeForm(form),
    status: 200,
    body: '{}',
  });
  expect(complaints.filter((line) => line.includes('the request')).join('\n')).toContain(complaint);
});

test.each([
  ['an unknown field', '{"object":"list","data":[],"has_more":false,"url":"/v1/customers","x":1}', '"x"'],
  ['a missing field', '{"object":"list","data":[],"url":"/v1/customers"}', 'has_more'],
  [
    'another object',
    '{"object":"list","data":[{"object":"price"}],"has_more":false,"url":"/v1/customers"}',
    'customer',
  ],
  ['a wrong type', '{"object":"list","data":[],"has_more":"no","url":"/v1/customers"}', '/has_more'],
])('the validation sees %s of a response', (_what, body, complaint) => {
  const { complaints } = validator.exchange({
    ...exchange,
    path: '/v1/customers',
    parameters: {},
    status: 200,
    body,
  });
  expect(complaints.join('\n')).toContain(complaint);
});
