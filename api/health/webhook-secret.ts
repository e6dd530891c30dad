import { type Finding, ok } from './check.ts';

/** Says that a mode's webhook secret is there. @param name of its variable. @param count of secrets it holds, 1 or more. */
export function webhookSecretFinding(name: string, count: number): Finding {
  return ok(count === 1 ? `${name} is set.` : `${name} has ${count} secrets: one is being rotated.`);
}
