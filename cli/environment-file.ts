import { existsSync } from 'node:fs';
import path from 'node:path';

/** Takes the variables of `.env` in the present folder into the environment; those that are set already win. */
export function loadEnvironmentFile(): void {
  const file = path.resolve('.env');
  if (existsSync(file)) process.loadEnvFile(file);
}
