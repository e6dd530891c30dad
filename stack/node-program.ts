import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

/**
 * How a program of ours is run: by Node, with tsx unless it is JavaScript already, whatever the folder it is run from.
 *
 * @param preload a module that is loaded before the program.
 */
export function nodeProgram(
  script: string,
  args: readonly string[],
  preload?: string,
): { command: string; args: string[] } {
  const tsx = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href;
  const isTypeScript = [script, preload ?? ''].some((file) => file.endsWith('.ts'));
  const imports = [
    ...(isTypeScript ? [tsx] : []),
    ...(preload === undefined ? [] : [inProgramOnly(preload)]),
  ];
  return {
    command: process.execPath,
    args: [...imports.flatMap((module) => ['--import', module]), script, ...args],
  };
}

/** Its threads inherit what it imports, Temporal's for workflows for one, and there tsx reads no TypeScript. */
function inProgramOnly(module: string): string {
  const url = JSON.stringify(pathToFileURL(module).href);
  const code = `import { isMainThread } from 'node:worker_threads'; if (isMainThread) await import(${url});`;
  return `data:text/javascript,${encodeURIComponent(code)}`;
}
