import type { RequestHandler } from 'express';
import { useAccountLink } from '../../db/account-links.ts';
import { findUser } from '../../db/users.ts';
import type { UserKey } from '../../domain/customer-key.ts';
import type { ApiDependencies } from '../dependencies.ts';
import { databaseSessions } from '../sessions.ts';
import { AccountLinkRefused, accountLinkReader } from './link.ts';
import { ACCOUNT_SESSIONS } from './session.ts';

/** The way of an end user into their account page. */
export interface AccountAccess {
  /** Reads the session that the request's cookie names. */
  readonly sessions: RequestHandler;
  /**
   * Uses up the link that this token is of.
   *
   * @returns whose page it opens.
   * @throws AccountLinkRefused
   */
  useLink(token: string): Promise<UserKey>;
}

/** @returns `null` when nobody may sign links: nobody gets in then. */
export function openAccountAccess({
  account,
  db,
  log,
  now = () => new Date(),
}: Pick<ApiDependencies, 'account' | 'db' | 'log' | 'now'>): AccountAccess | null {
  if (account === null) return null;
  const readLink = accountLinkReader(account, now);
  return {
    sessions: databaseSessions(db, ACCOUNT_SESSIONS, account.sessionSecrets, (problem) =>
      log.error(problem, 'account sessions'),
    ),
    async useLink(token) {
      const { mode, userId, linkId, expiresAt } = await readLink(token);
      const user = await findUser(db, mode, userId);
      if (user === undefined || user.erased_at !== null) {
        const message = `No user "${userId}" is registered in ${mode} mode: PUT /api/users/${userId} first`;
        throw new AccountLinkRefused(message);
      }
      if (!(await useAccountLink(db, { mode, linkId }, { expiresAt, now: now() })))
        throw new AccountLinkRefused('The link has been used before: it opens the page once');
      return { mode, userId };
    },
  };
}
