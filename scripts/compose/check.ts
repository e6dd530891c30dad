/**
 * Part of `npm run check`: docker-compose.yml is what Compose takes, by its own schema, and names no service, volume or variable that is
 * not there. Where there is a Docker with Compose, that is asked too.
 */
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { parseDocument } from 'yaml';

const FILE = fileURLToPath(new URL('../../docker-compose.yml', import.meta.url));
const SCHEMA = new URL('compose-spec.json', import.meta.url);

const problems: string[] = [];
const document = parseDocument(readFileSync(FILE, 'utf8'), { merge: true });
for (const { message } of [...document.errors, ...document.warnings]) problems.push(message);
const compose: unknown = document.toJS();

const ajv = new Ajv2020({ allErrors: true, strict: false });
addFormats.default(ajv);
// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- our own file
const isValid = ajv.compile<Compose>(JSON.parse(readFileSync(SCHEMA, 'utf8')) as object);
if (!isValid(compose))
  for (const { instancePath, message } of isValid.errors ?? [])
    problems.push(`${instancePath || '/'} ${message ?? ''}`);
else problems.push(...loose(compose), ...(await toDocker()));

for (const problem of problems) console.error(`docker-compose.yml: ${problem}`);
if (problems.length > 0) process.exitCode = 1;
else console.log('docker-compose.yml: in order.');

interface Compose {
  readonly services: Readonly<
    Record<
      string,
      { readonly depends_on?: Readonly<Record<string, unknown>>; readonly volumes?: readonly string[] }
    >
  >;
  readonly volumes?: Readonly<Record<string, unknown>>;
}

/** What is named and not there. */
function loose({ services, volumes = {} }: Compose): string[] {
  return Object.entries(services).flatMap(([name, service]) => [
    ...Object.keys(service.depends_on ?? {})
      .filter((other) => !(other in services))
      .map((other) => `${name} depends on ${other}, which is no service`),
    ...(service.volumes ?? [])
      .map((volume) => volume.split(':')[0] ?? '')
      .filter((volume) => !/^[./]/.test(volume) && !(volume in volumes))
      .map((volume) => `${name} has the volume ${volume}, which is none`),
  ]);
}

/** What Docker itself says; nothing where there is none, or one without Compose. */
async function toDocker(): Promise<string[]> {
  const run = promisify(execFile);
  const hasCompose = await run('docker', ['compose', 'version']).then(
    () => true,
    () => false,
  );
  if (!hasCompose) return [];
  const wanted = readFileSync(FILE, 'utf8').matchAll(/\$\{(\w+):\?/g);
  const given = Object.fromEntries([...wanted].map(([, name = '']) => [name, 'given']));
  // oxlint-disable-next-line node/no-process-env -- Docker finds its own plugins by it
  const env = { ...process.env, ...given };
  return await run('docker', ['compose', '-f', FILE, 'config', '--quiet'], { env }).then(
    () => [],
    (error: unknown) => [`docker compose config: ${String(error)}`],
  );
}
