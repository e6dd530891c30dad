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
    ...(preload === undefined ? [] : [pathToFileURL(preload).href]),
  ];
  return {
    command: process.execPath,
    args: [...imports.flatMap((module) => ['--import', module]), script, ...args],
  };
}
