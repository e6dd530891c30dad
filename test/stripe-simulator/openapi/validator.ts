/** Checks exchanges and events against Stripe's own description. */
import type { ErrorObject, SchemaValidateFunction, ValidateFunction } from 'ajv';
import { Ajv } from 'ajv';
import type { Exchange } from '../../../stripe-simulator/observer.ts';
import type { Event } from '../../../stripe-simulator/wire.ts';
import type { Operation } from './description.ts';
import { findOperation, loadDescription } from './description.ts';
import { UNDESCRIBED_ROUTES } from './deviations.ts';
import type { AjvSchema, JsonSchema } from './json-schema.ts';
import { requestSchema, responseSchema } from './json-schema.ts';

/** These faults answer as a proxy would, not as Stripe. */
const NOT_STRIPES = new Set(['html', 'status_500_without_error']);
/** One wrong field can be wrong in many ways; more than these says nothing new. */
const MOST_COMPLAINTS = 8;

/** Reads the description once, and compiles of it what it is asked about. */
export class Validator {
  readonly #operations: readonly Operation[];
  readonly #schemas: Readonly<Record<string, JsonSchema>>;
  readonly #ajv = new Ajv({ allErrors: true, strict: true, strictRequired: false });
  readonly #compiled = new Map<string, ValidateFunction>();

  constructor() {
    const { operations, schemas } = loadDescription();
    this.#operations = operations;
    this.#schemas = schemas;
    this.#ajv.addKeyword({ keyword: 'stripeRef', schemaType: 'string', validate: this.#followReference() });
  }

  /** What is wrong with an exchange; nothing, if all is well. `operation` is the one that it was, if Stripe has it. */
  exchange(exchange: Exchange): { operation?: string; complaints: string[] } {
    if (exchange.fault !== null && NOT_STRIPES.has(exchange.fault)) return { complaints: [] };
    const answer: unknown = JSON.parse(exchange.body);
    if (exchange.status >= 400) {
      return { complaints: this.#check('error', { stripeRef: 'error' }, answer, 'the error') };
    }
    const operation = findOperation(this.#operations, exchange.method, exchange.path);
    if (operation === undefined) {
      if (UNDESCRIBED_ROUTES.some(({ route }) => route.test(`${exchange.method} ${exchange.path}`)))
        return { complaints: [] };
      return {
        complaints: [
          `${exchange.method} ${exchange.path} is not in stripe-simulator/openapi/stripe.json: run node --import tsx scripts/vendor-stripe-openapi.mjs`,
        ],
      };
    }
    const { name, parameters, response } = operation;
    return {
      operation: name,
      complaints: [
        ...this.#check(`${name} request`, requestSchema(parameters), exchange.parameters, 'the request'),
        ...this.#check(`${name} response`, responseSchema(response), answer, 'the response'),
      ].map((complaint) => `${name}: ${complaint}`),
    };
  }

  /** What is wrong with an event and with the object that it tells of. */
  event(event: Event): string[] {
    const { object, previous_attributes: previous = {} } = event.data;
    // Stripe names the schema of an object by the value of its `object` field.
    const name = object.object;
    const fields = this.#schemas[name]?.properties;
    if (fields === undefined) return [`${event.type}: ${name} is no object that is described`];
    return [
      ...this.#check('event', { stripeRef: 'event' }, event, 'the event'),
      ...this.#check(name, { stripeRef: name }, object, `data.object, a ${name},`),
      ...Object.keys(previous)
        .filter((field) => !(field in fields))
        .map((field) => `previous_attributes has ${field}, which no ${name} has`),
    ].map((complaint) => `${event.type}: ${complaint}`);
  }

  #check(key: string, schema: AjvSchema, value: unknown, what: string): string[] {
    const validate = this.#compile(key, () => schema);
    if (validate(value)) return [];
    return complaintsOf(validate.errors ?? []).map((complaint) => `${what} ${complaint}`);
  }

  #compile(key: string, schema: () => AjvSchema): ValidateFunction {
    const known = this.#compiled.get(key);
    if (known !== undefined) return known;
    const compiled = this.#ajv.compile(schema());
    this.#compiled.set(key, compiled);
    return compiled;
  }

  /** A reference is compiled when a value first comes to it: most of Stripe's objects never do. */
  #followReference(): SchemaValidateFunction {
    const follow: SchemaValidateFunction = (name: string, value: unknown, _parent, context) => {
      const schema = this.#schemas[name];
      if (schema === undefined) throw new Error(`the description has no schema ${name}`);
      const instancePath = context?.instancePath ?? '';
      const kind = schema.properties?.['object']?.enum;
      if (kind !== undefined && !kind.includes(objectOf(value))) {
        follow.errors = [{ keyword: 'kind', instancePath, message: `is no ${name}` }];
        return false;
      }
      const validate = this.#compile(`schema ${name}`, () => responseSchema(schema));
      const valid = validate(value, context);
      follow.errors = validate.errors ?? [];
      return valid;
    };
    return follow;
  }
}

function objectOf(value: unknown): string {
  if (typeof value !== 'object' || value === null || !('object' in value)) return '';
  return String(value.object);
}

/** Of several alternatives, the one that got furthest is the one that was meant. */
function complaintsOf(errors: readonly Partial<ErrorObject>[]): string[] {
  const depth = ({ instancePath = '' }: Partial<ErrorObject>) => instancePath.split('/').length;
  const told = errors.filter(({ keyword }) => keyword !== 'anyOf' && keyword !== 'stripeRef');
  return told
    .filter(
      (error) =>
        !told.some(
          (other) =>
            depth(other) > depth(error) && other.instancePath?.startsWith(`${error.instancePath ?? ''}/`),
        ) ||
        error.keyword === 'additionalProperties' ||
        error.keyword === 'required',
    )
    .map(
      ({ instancePath, message, params }) =>
        `${instancePath === '' ? '' : `at ${String(instancePath)} `}${String(message)} ${JSON.stringify(params ?? {})}`,
    )
    .slice(0, MOST_COMPLAINTS);
}
