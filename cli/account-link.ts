import { randomUUID } from 'node:crypto';
import { ACCOUNT_LINK_VARIABLES } from '../config/mode-variables.ts';
import type { StackFile } from '../config/stack-file.ts';
import { findUser } from '../db/users.ts';
import type { UserKey } from '../domain/customer-key.ts';
import { ACCOUNT_PATH } from '../web/account/paths.ts';
import { say } from './console.ts';
import { type CliContext, UsageError } from './context.ts';

/**
 * Prints a link to a user's account page, as the host product would make it.
 *
 * @param options `url` where the user has the api, without a path.
 * @throws UsageError when the user is not registered, or was erased, or no secret signs links of the mode.
 */
export async function printAccountLink(
  context: CliContext,
  options: UserKey & { readonly url?: string },
): Promise<void> {
  const { mode, userId, url = `http://127.0.0.1:${context.config.port}` } = options;
  const [secret] = context.config.account?.links[mode].secrets ?? [];
  if (secret === undefined) {
    const { secrets } = ACCOUNT_LINK_VARIABLES[mode];
    throw new UsageError(`No secret signs links of ${mode} mode; set ${secrets}`);
  }
  const user = await context.withDatabase((db) => findUser(db, mode, userId));
  if (user === undefined) throw new UsageError(`No user "${userId}" is registered in ${mode} mode`);
  // A link would open nothing.
  if (user.erased_at !== null) throw new UsageError(`The data of the user "${userId}" was erased`);
  say(await accountLink(url, secret, { mode, userId }));
}

const DEMO_USER = { userId: 'demo', email: 'demo@example.com', name: 'Demo User' } as const;

/** Registers a user of test mode on the stack, and makes a link to their page; `null` when their secret is not the stack's own. */
export async function demoAccountLink({
  apiUrl,
  testApiKey,
  accountLinkSecrets,
}: StackFile): Promise<string | null> {
  if (accountLinkSecrets === null) return null;
  const { userId, email, name } = DEMO_USER;
  const registered = await fetch(`${apiUrl}/api/users/${userId}`, {
    method: 'PUT',
    headers: { authorization: `Bearer ${testApiKey}`, 'content-type': 'application/json' },
    body: JSON.stringify({ email, name }),
  });
  if (!registered.ok) throw new Error(`the demo user could not be registered: ${await registered.text()}`);
  return await accountLink(apiUrl, accountLinkSecrets.test, { mode: 'test', userId });
}

async function accountLink(url: string, secret: string, user: UserKey): Promise<string> {
  // Of no use to most commands, so they need not wait for it.
  const { signAccountLink } = await import('../api/account/link.ts');
  const link = new URL(ACCOUNT_PATH, url);
  link.searchParams.set('token', await signAccountLink(secret, { ...user, linkId: randomUUID() }));
  return link.href;
}
