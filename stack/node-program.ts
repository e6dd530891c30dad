import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

/** How a TypeScript program of ours is run: by Node with tsx, whatever the folder it is run from. */
export function nodeProgram(script: string, args: readonly string[]): { command: string; args: string[] } {
  const tsx = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href;
  return { command: process.execPath, args: ['--import', tsx, script, ...args] };
}
