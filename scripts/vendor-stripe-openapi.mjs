/// <reference types="node" />
/// <reference lib="es2023" />
// @ts-check
// Renews stripe-simulator/openapi/stripe.json: the part of Stripe's own OpenAPI description that the simulator's routes
// need, without prose. Tests read that file; this script is run by a person, when a route or Stripe's API is new:
//
//   node --import tsx scripts/vendor-stripe-openapi.mjs
//
// Source: the Go module of stripe-mock, which carries the description; so Go has to be installed. A newer description
// is a newer version here.
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ROUTES } from '../stripe-simulator/routes/index.ts';

const MODULE = 'github.com/stripe/stripe-mock@v0.203.0';
const TARGET = new URL('../stripe-simulator/openapi/stripe.json', import.meta.url);
const KEPT_METHODS = new Set(['get', 'post', 'delete']);
/** What says nothing about which values are right. */
const PROSE = new Set(['description', 'title', 'summary', 'externalDocs', 'deprecated', 'example']);

/** @typedef {{[key: string]: unknown}} Json */

/** @param {unknown} value @returns {value is Json} */
const isObject = (value) => typeof value === 'object' && value !== null && !Array.isArray(value);
/** @param {unknown} value @returns {Json} */
const object = (value) => (isObject(value) ? value : {});
/** @param {unknown} value */
const objects = (value) => (Array.isArray(value) ? value.map(object) : []);
/** `/v1/invoices/:invoice` and `/v1/invoices/{invoice}` are the same path. @param {string} path */
const shape = (path) => path.replaceAll(/:\w+|\{\w+\}/g, '{}');

const source = readSource();
const selected = selectPaths();
const answered = new Set(Object.values(selected).flatMap(answeredObjects));
const paths = reducedPaths(selected);
const schemas = selectSchemas([...Object.values(paths), { $ref: '#/components/schemas/error' }]);
const { version } = object(source['info']);
const text = `{"openapi":${JSON.stringify(source['openapi'])},
"info":${JSON.stringify({ title: 'Stripe API, the part that the simulator answers', version })},
"paths":{
${lines(paths)}
},
"components":{"schemas":{
${lines(schemas)}
}}}`;
writeFileSync(TARGET, `${text}\n`);
process.stdout.write(
  `${Object.values(paths).flatMap((path) => Object.keys(object(path))).length} operations, ` +
    `${Object.keys(schemas).length} schemas, ${Math.round(text.length / 1024)} KB, API ${String(version)}\n`,
);

/** One line for each entry, so that a newer description can be compared with the one before. @param {Json} entries */
function lines(entries) {
  return Object.entries(entries)
    .map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`)
    .join(',\n');
}

/** @returns {Json} */
function readSource() {
  // In a folder without a go.mod: the project's own must not be touched.
  const answer = execFileSync('go', ['mod', 'download', '-json', MODULE], {
    cwd: tmpdir(),
    encoding: 'utf8',
  });
  const { Dir: directory } = object(JSON.parse(answer));
  return object(JSON.parse(readFileSync(join(String(directory), 'embedded/openapi/spec3.json'), 'utf8')));
}

/** The operations that the simulator has a route for. */
function selectPaths() {
  const wanted = new Set(ROUTES.map(({ method, path }) => `${method.toLowerCase()} ${shape(path)}`));
  /** @type {Json} */
  const selected = {};
  for (const [path, operations] of sortedEntries(object(source['paths']))) {
    const kept = sortedEntries(object(operations)).filter(
      ([method]) => KEPT_METHODS.has(method) && wanted.has(`${method} ${shape(path)}`),
    );
    if (kept.length === 0) continue;
    selected[path] = Object.fromEntries(kept);
  }
  return selected;
}

/** @param {Json} all @returns {Json} */
function reducedPaths(all) {
  return Object.fromEntries(
    Object.entries(all).map(([path, operations]) => [
      path,
      Object.fromEntries(
        Object.entries(object(operations)).map(([method, operation]) => [
          method,
          reducedOperation(object(operation)),
        ]),
      ),
    ]),
  );
}

/** @param {Json} operation */
function reducedOperation(operation) {
  const parameters = objects(operation['parameters']);
  const form = content(object(operation['requestBody']), 'application/x-www-form-urlencoded');
  const answer = content(object(object(operation['responses'])['200']), 'application/json');
  return {
    operationId: operation['operationId'],
    parameters: parameters.map(({ name, in: where, required, schema }) => ({
      name,
      in: where,
      ...(required === true ? { required } : {}),
      schema: reduced(schema),
    })),
    ...(Object.keys(object(object(form)['properties'])).length === 0
      ? {}
      : {
          requestBody: {
            content: { 'application/x-www-form-urlencoded': { schema: reduced(form) } },
          },
        }),
    responses: { 200: { description: '', content: { 'application/json': { schema: reduced(answer) } } } },
  };
}

/** @param {Json} holder @param {string} type */
function content(holder, type) {
  return object(object(holder['content'])[type])['schema'];
}

/** The objects that operations answer, alone or in a list. @param {unknown} path @returns {string[]} */
function answeredObjects(path) {
  return Object.values(object(path)).flatMap((operation) =>
    references(object(object(operation)['responses'])['200']),
  );
}

/**
 * An id that may be expanded to objects which no operation of ours answers can only be the id: without this, most of
 * Stripe would be reached.
 *
 * @param {unknown[]} options
 */
function withoutStrangers(options) {
  const isExpandable = options.some((option) => object(option)['type'] === 'string');
  if (!isExpandable) return options;
  return options.filter((option) => references(option).every((name) => answered.has(name)));
}

/**
 * All schemas that can be reached, by name.
 * @param {unknown[]} roots
 */
function selectSchemas(roots) {
  const all = object(object(source['components'])['schemas']);
  /** @type {Map<string, unknown>} */
  const found = new Map();
  const waiting = roots.flatMap(references);
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    if (found.has(name)) continue;
    const schema = reduced(all[name]);
    found.set(name, schema);
    waiting.push(...references(schema));
  }
  return Object.fromEntries(sortedEntries(Object.fromEntries(found)));
}

/** @param {unknown} value @returns {string[]} */
function references(value) {
  if (Array.isArray(value)) return value.flatMap(references);
  if (!isObject(value)) return [];
  return Object.entries(value).flatMap(([key, inner]) =>
    key === '$ref' && typeof inner === 'string'
      ? [inner.slice(inner.lastIndexOf('/') + 1)]
      : references(inner),
  );
}

/**
 * A schema without prose, without Stripe's `x-…` notes, and with its keys in order. Names of properties are no keywords.
 * @param {unknown} value
 * @param {boolean} [names] the keys are names of properties
 * @returns {unknown}
 */
function reduced(value, names = false) {
  if (Array.isArray(value)) return value.map((item) => reduced(item));
  if (!isObject(value)) return value;
  return Object.fromEntries(
    sortedEntries(value)
      .filter(([key, inner]) => names || !(PROSE.has(key) || key.startsWith('x-') || isNoLimit(key, inner)))
      .map(([key, inner]) => [
        key,
        !names && key === 'anyOf' && Array.isArray(inner)
          ? withoutStrangers(inner).map((option) => reduced(option))
          : reduced(inner, !names && key === 'properties'),
      ]),
  );
}

/** Stripe writes this one at every string. @param {string} key @param {unknown} value */
function isNoLimit(key, value) {
  return key === 'maxLength' && value === 5000;
}

/** @param {Json} value */
function sortedEntries(value) {
  return Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
}
