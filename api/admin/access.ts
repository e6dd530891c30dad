import type { RequestHandler } from 'express';
import type { ApiDependencies } from '../dependencies.ts';
import { HttpError } from '../errors.ts';
import { databaseSessions } from '../sessions.ts';
import { checkPassword, type PasswordCheck } from './password-check.ts';
import { ADMIN_SESSIONS } from './session.ts';

/** The two ways of an admin into the house. The pages and the JSON routes share them, and so their counts of wrong guesses. */
export interface AdminAccess {
  readonly password: PasswordCheck;
  /** Reads the session that the request's cookie names; nothing is stored before {@link signIn}. */
  readonly sessions: RequestHandler;
  /** The hashes that passwords fit today: sessions of another one have ended. */
  readonly passwordHashes: readonly string[];
}

/** @returns `null` when no password is configured: nobody gets in then. */
export function openAdminAccess({
  admin,
  db,
  log,
}: Pick<ApiDependencies, 'admin' | 'db' | 'log'>): AdminAccess | null {
  if (admin === null) return null;
  return {
    password: checkPassword(admin.passwordHashes),
    sessions: databaseSessions(db, ADMIN_SESSIONS, admin.sessionSecrets, (problem) =>
      log.error(problem, 'admin sessions'),
    ),
    passwordHashes: admin.passwordHashes,
  };
}

/** What every request to the admin's part hears (503) where no password is set; asking again changes nothing before an operator has. */
export function adminNotConfigured(): HttpError {
  const message =
    'The admin\'s part is not set up here: make a hash with "npm run billing -- hash-password", and set ADMIN_PASSWORD_HASH and ADMIN_SESSION_SECRETS (see .env.example)';
  return new HttpError('admin_not_configured', message);
}
