import { mkdir, mkdtemp, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, type Plugin, stop } from 'esbuild';
import { dataConverterOf } from '../temporal/data-converter.ts';
import { bundleWorkflows } from '../worker/workflow-bundle.ts';
import type { Reaper } from './reaper.ts';

const PROJECT = fileURLToPath(new URL('..', import.meta.url));
/** Within the project, so that its packages are found from there. */
const CACHE = path.join(PROJECT, 'node_modules/.cache/durable-billing');

/** Each of our programs that runs for long, or where there is no TypeScript, and the name it is built under. */
const PROGRAMS = {
  api: 'api/main.ts',
  worker: 'worker/main.ts',
  billing: 'cli/billing.ts',
  'stripe-simulator': 'stripe-simulator/main.ts',
} as const;

/** {@link PROGRAMS} as absolute paths of what Node runs as it is, and the workflow code, whose failures are not encrypted. */
export type BuiltPrograms = Readonly<Record<keyof typeof PROGRAMS | 'workflows', string>>;

/** Workflow code with and without encrypted failures: which it is, the environment says, and a bundle can't ask. */
const WORKFLOWS = { plain: 'workflows.cjs', encrypted: 'workflows-encrypted.cjs' } as const;

/**
 * Builds our programs ahead: one file of JavaScript each, and the workflow code as the worker's sandbox takes it. What they read beside
 * their sources (style sheets, pages) they find from where the folder stands in the project, so both can be moved together.
 *
 * @param folder made if it is missing. Their packages are found from there.
 * @param standsAt where in the project it will stand, if not there.
 */
export async function buildPrograms(folder: string, standsAt = folder): Promise<BuiltPrograms> {
  await mkdir(folder, { recursive: true });
  const anyKey = { id: 'any', key: Buffer.alloc(32) };
  await writeFile(path.join(folder, WORKFLOWS.plain), (await bundleWorkflows()).code);
  await writeFile(
    path.join(folder, WORKFLOWS.encrypted),
    (await bundleWorkflows(dataConverterOf([anyKey]))).code,
  );
  await build({
    absWorkingDir: PROJECT,
    entryPoints: Object.entries(PROGRAMS).map(([out, entry]) => ({ in: entry, out })),
    bundle: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
    outdir: folder,
    outExtension: { '.js': '.mjs' },
    sourcemap: 'inline',
    plugins: [inPlace(standsAt)],
    logLevel: 'error',
  });
  // Its own process would stay as long as ours.
  await stop();
  const built = (name: string) => path.join(folder, `${name}.mjs`);
  return {
    api: built('api'),
    worker: built('worker'),
    billing: built('billing'),
    'stripe-simulator': built('stripe-simulator'),
    workflows: path.join(folder, WORKFLOWS.plain),
  };
}

/**
 * Our programs built ahead, as they are, for those who start them many times or as an image does: nothing is translated from
 * TypeScript at each start, nor the worker's workflow code bundled.
 *
 * @param reaper deletes them in the end, whatever the end is.
 */
export async function buildProgramsForNow(reaper: Reaper): Promise<BuiltPrograms> {
  await mkdir(CACHE, { recursive: true });
  const folder = await mkdtemp(path.join(CACHE, 'built-'));
  reaper.directory(folder);
  return await buildPrograms(folder);
}

/** Each module finds the files beside it where they are, and the worker its workflow code beside itself. */
function inPlace(folder: string): Plugin {
  const fromFolder = (file: string) => path.relative(folder, file).split(path.sep).join('/');
  return {
    name: 'in-place',
    setup(building) {
      building.onLoad({ filter: /[\\/]worker[\\/]workflow-bundle\.ts$/ }, () => ({
        contents: `export const bundleWorkflows = async ({ failureConverterPath } = {}) => ({
          codePath: import.meta.dirname + (failureConverterPath === undefined ? '/${WORKFLOWS.plain}' : '/${WORKFLOWS.encrypted}'),
        });`,
        loader: 'js',
      }));
      building.onLoad({ filter: /\.tsx?$/ }, async ({ path: file }) => ({
        contents: (await readFile(file, 'utf8'))
          .replaceAll('import.meta.url', `new URL(${JSON.stringify(fromFolder(file))}, import.meta.url).href`)
          .replaceAll(
            'import.meta.dirname',
            `(import.meta.dirname + ${JSON.stringify(`/${fromFolder(path.dirname(file))}`)})`,
          ),
        loader: file.endsWith('x') ? 'tsx' : 'ts',
      }));
    },
  };
}
