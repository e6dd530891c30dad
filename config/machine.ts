import { homedir } from 'node:os';
import path from 'node:path';

/** The environment this process was started with, to be handed on to the programs it starts. */
export function inheritedEnvironment(): Readonly<Record<string, string | undefined>> {
  return process.env;
}

/**
 * Where things are kept that any clone can share and that can be made again: the Temporal binaries.
 * `$XDG_CACHE_HOME/durable-billing`, or `~/.cache/durable-billing`. The folder need not exist yet.
 */
export function cacheDirectory(): string {
  const base = inheritedEnvironment()['XDG_CACHE_HOME'];
  // The XDG specification asks to ignore a relative path.
  return path.join(base && path.isAbsolute(base) ? base : path.join(homedir(), '.cache'), 'durable-billing');
}
