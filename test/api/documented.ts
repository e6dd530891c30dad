import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { describeApi } from '../../api/openapi/document.ts';
import type { Answer } from './harness.ts';

interface Content {
  readonly schema: object;
  readonly example?: unknown;
  readonly examples?: Readonly<Record<string, { readonly value: unknown }>>;
}
interface Documented {
  readonly headers?: Readonly<Record<string, { readonly $ref: string }>>;
  readonly content?: Readonly<Record<string, Content>>;
}
/** One method of one path, as far as tests read it. */
export interface Operation {
  readonly security?: readonly unknown[];
  readonly parameters?: readonly {
    readonly in: string;
    readonly name: string;
    readonly example?: string;
    readonly schema: { readonly examples?: readonly string[] };
  }[];
  readonly requestBody?: Documented;
  readonly responses: Readonly<Record<string, Documented>>;
}

/** The document as a client gets it. */
export const DOCUMENT = JSON.parse(JSON.stringify(describeApi())) as {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly headers: Readonly<Record<string, { readonly required?: boolean }>> };
};

const ajv = new Ajv2020({ strict: false, allErrors: true });
addFormats.default(ajv);
ajv.addSchema(DOCUMENT, 'openapi');

/** What is wrong with `value` by the schema at `pointer` of the document; `null`: nothing. */
export function problemsOf(pointer: readonly string[], value: unknown): string | null {
  const path = pointer.map((part) => encodeURIComponent(part.replaceAll('~', '~0').replaceAll('/', '~1')));
  const validate = ajv.getSchema(`openapi#/${path.join('/')}`);
  if (validate === undefined) throw new Error(`the document has no schema at ${pointer.join(' ')}`);
  return validate(value) === true ? null : ajv.errorsText(validate.errors);
}

/** Fails when the document has the route and does not foresee this answer: its status, its headers or its body. */
export function expectDocumented(method: string, path: string, answer: Answer): void {
  const [pathname = ''] = path.split('?');
  const template = Object.keys(DOCUMENT.paths).find((template) => patternOf(template).test(pathname));
  const operation = template === undefined ? undefined : DOCUMENT.paths[template]?.[method.toLowerCase()];
  if (template === undefined || operation === undefined) {
    if ([404, 405].includes(answer.status) || pathname.startsWith('/docs')) return;
    throw new Error(`${method} ${path} answered ${answer.status} and is not in the document`);
  }
  const fail = (problem: string): never => {
    throw new Error(
      `${method} ${path}: the document does not foresee the answer ${answer.status} ${JSON.stringify(answer.body)}: ${problem}`,
    );
  };
  const documented = operation.responses[answer.status] ?? fail('status');
  for (const name of Object.keys(documented.headers ?? {})) {
    const isRequired = DOCUMENT.components.headers[name]?.required === true;
    if (isRequired && !answer.headers.has(name)) fail(`the header ${name} is missing`);
  }
  const type = answer.headers.get('content-type')?.split(';')[0] ?? '';
  if (documented.content?.[type] === undefined) fail(`content type "${type}"`);
  const pointer = ['paths', template, method.toLowerCase(), 'responses', String(answer.status)];
  const problem = problemsOf([...pointer, 'content', type, 'schema'], answer.body);
  if (problem !== null) fail(problem);
}

function patternOf(template: string): RegExp {
  return new RegExp(`^${template.replaceAll('.', '\\.').replaceAll(/\{\w+\}/g, '[^/]+')}$`);
}
