import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';

/** What is read of a service of docker-compose.yml. */
export interface ComposeService {
  readonly image?: string;
  readonly entrypoint?: readonly string[];
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
}

/** Its services by name, with their variables filled in. */
export interface ComposeFile {
  readonly services: Readonly<Record<string, ComposeService>>;
}

/** A variable without a value that the file asks for; the message is the file's. */
export class MissingVariableError extends Error {
  override readonly name = 'MissingVariableError';
}

const COMPOSE_FILE = fileURLToPath(new URL('../docker-compose.yml', import.meta.url));

/**
 * Reads a compose file as `docker compose` does: YAML with merges, and then its variables
 * (https://docs.docker.com/reference/compose-file/interpolation/).
 *
 * @throws MissingVariableError for the first `${NAME:?sentence}` without a value.
 */
export function readComposeFile(
  variables: Readonly<Record<string, string | undefined>>,
  file: string = COMPOSE_FILE,
): ComposeFile {
  const document: unknown = parse(readFileSync(file, 'utf8'), { merge: true });
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- `npm run check` holds the file to Compose's own schema
  return interpolated(document, variables) as ComposeFile;
}

function interpolated(value: unknown, variables: Readonly<Record<string, string | undefined>>): unknown {
  if (typeof value === 'string') return substituted(value, variables);
  if (Array.isArray(value)) return value.map((each) => interpolated(each, variables));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, interpolated(each, variables)]));
}

/** `$$`, `${NAME}`, `${NAME:-default}` and `${NAME:?sentence}`; a default may hold one more of them. */
const VARIABLE = /\$\$|\$\{(\w+)(?::([-?])((?:[^{}]|\{[^{}]*\})*))?\}/g;

function substituted(text: string, variables: Readonly<Record<string, string | undefined>>): string {
  return text.replaceAll(
    VARIABLE,
    (whole: string, name: string | undefined, operator: string | undefined, rest = '') => {
      if (name === undefined) return whole === '$$' ? '$' : whole;
      const value = variables[name];
      if (value !== undefined && value !== '') return value;
      if (operator === '?') throw new MissingVariableError(`${name}: ${String(rest)}`);
      return operator === '-' ? substituted(String(rest), variables) : '';
    },
  );
}
