import { mkdir, mkdtemp, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build, type Plugin, stop } from 'esbuild';
import { startReaper } from '../stack/reaper.ts';
import type { Programs } from '../stack/stack.ts';
import { bundleWorkflows } from '../worker/workflow-bundle.ts';

const PROJECT = fileURLToPath(new URL('..', import.meta.url));
/** Within the project, so that its packages are found from there. */
const CACHE = path.join(PROJECT, 'node_modules', '.cache', 'durable-billing');

/**
 * Our programs built ahead, as they are: a program that is killed hundreds of times is not to be translated from TypeScript at each
 * start, nor the worker's workflow code bundled. They are deleted in the end, whatever the end is.
 */
export async function buildPrograms(): Promise<Programs & AsyncDisposable> {
  await mkdir(CACHE, { recursive: true });
  const folder = await mkdtemp(path.join(CACHE, 'chaos-'));
  const reaper = startReaper();
  reaper.directory(folder);
  const workflows = path.join(folder, 'workflows.cjs');
  await writeFile(workflows, (await bundleWorkflows()).code);
  await build({
    absWorkingDir: PROJECT,
    entryPoints: ['api/main.ts', 'worker/main.ts', 'stripe-simulator/main.ts'],
    bundle: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
    outdir: folder,
    outExtension: { '.js': '.mjs' },
    sourcemap: 'inline',
    plugins: [inPlace(workflows)],
    logLevel: 'error',
  });
  // Its own process would stay as long as ours.
  await stop();
  return {
    api: path.join(folder, 'api', 'main.mjs'),
    worker: path.join(folder, 'worker', 'main.mjs'),
    'Stripe simulator': path.join(folder, 'stripe-simulator', 'main.mjs'),
    [Symbol.asyncDispose]: () => reaper.close(),
  };
}

/** Each module finds the files beside it where they are, and the worker its workflow code where it was put. */
function inPlace(workflows: string): Plugin {
  return {
    name: 'in-place',
    setup(building) {
      building.onLoad({ filter: /[\\/]worker[\\/]workflow-bundle\.ts$/ }, () => ({
        contents: `export const bundleWorkflows = async () => ({ codePath: ${JSON.stringify(workflows)} });`,
        loader: 'ts',
      }));
      building.onLoad({ filter: /\.tsx?$/ }, async ({ path: file }) => ({
        contents: (await readFile(file, 'utf8'))
          .replaceAll('import.meta.url', JSON.stringify(pathToFileURL(file).href))
          .replaceAll('import.meta.dirname', JSON.stringify(path.dirname(file))),
        loader: file.endsWith('x') ? 'tsx' : 'ts',
      }));
    },
  };
}
