import { randomBytes } from 'node:crypto';
import type { StackFile } from '../config/stack-file.ts';
import { newApiKey } from '../db/api-keys.ts';

/** What opens a stack: all that `stack.json` keeps of the service's own. */
export type StackSecrets = Pick<StackFile, 'apiKey' | 'testApiKey'> & {
  readonly adminPassword: string;
  readonly accountLinkSecrets: { readonly live: string; readonly test: string };
};

/** Secrets for a stack that has none yet. */
export function newStackSecrets(): StackSecrets {
  return {
    apiKey: newApiKey('live'),
    testApiKey: newApiKey('test'),
    adminPassword: randomSecret('admin'),
    accountLinkSecrets: { live: randomSecret('link_live'), test: randomSecret('link_test') },
  };
}

/** By its prefix whoever finds one somewhere can tell what it opens. */
function randomSecret(prefix: string): string {
  return `${prefix}_${randomBytes(24).toString('base64url')}`;
}
