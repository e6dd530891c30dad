import { randomUUID } from 'node:crypto';
import { signAccountLink } from '../../api/account/link.ts';
import type { ApiDependencies } from '../../api/dependencies.ts';
import type { UserKey } from '../../domain/customer-key.ts';
import type { Mode } from '../../domain/mode.ts';

/** With which the host product of the tests signs links to the account page. */
export const LINK_SECRETS: Readonly<Record<Mode, string>> = {
  live: 'the secret of links in live mode, long enough',
  test: 'the secret of links in test mode, long enough',
};

/** An account page that is set up, with {@link LINK_SECRETS}. */
export const TEST_ACCOUNT: NonNullable<ApiDependencies['account']> = {
  sessionSecrets: ['a secret of account sessions, and long enough'],
  links: {
    live: { secrets: [LINK_SECRETS.live], jwksUrl: null },
    test: { secrets: [LINK_SECRETS.test], jwksUrl: null },
  },
};

/** The link to a user's page, as the host product makes it; it opens the page once. */
export async function accountLink(url: string, { mode, userId }: UserKey, now = new Date()): Promise<string> {
  const token = await signAccountLink(LINK_SECRETS[mode], { mode, userId, linkId: randomUUID() }, now);
  return `${url}/account?token=${token}`;
}
