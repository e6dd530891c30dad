import { createHash } from 'node:crypto';
import type { Request, Response } from 'express';
import { type SessionKind, saveSession, settled } from '../sessions.ts';
import type { AdminAccess } from './access.ts';

declare module 'express-session' {
  interface SessionData {
    admin: { readonly signedInAtMs: number; readonly passwordId: string };
    /** Who the admin said they are when they decided something last. */
    by: string;
  }
}

const MINUTE_MS = 60_000;
/** A session ends at the end of a working day in any case. */
const LIFETIME_MS = 12 * 60 * MINUTE_MS;

export const SESSION_COOKIE = 'admin_session';

export const ADMIN_SESSIONS: SessionKind = {
  cookie: SESSION_COOKIE,
  table: 'admin_sessions',
  sameSite: 'strict',
  idleMs: 60 * MINUTE_MS,
};

/** Whether the request comes from an admin who has signed in, not too long ago, with the password of today. */
export function isSignedIn({ session }: Request, { passwordHashes }: AdminAccess): boolean {
  const { admin } = session;
  if (admin === undefined || !passwordHashes.some((hash) => passwordIdOf(hash) === admin.passwordId))
    return false;
  return Date.now() - admin.signedInAtMs < LIFETIME_MS;
}

/**
 * Starts a session under a new id: one that somebody has planted before is of no use to them.
 *
 * @param passwordHash of the password that was right.
 */
export async function signIn(request: Request, passwordHash: string): Promise<void> {
  await settled((done) => request.session.regenerate(done));
  request.session.admin = { signedInAtMs: Date.now(), passwordId: passwordIdOf(passwordHash) };
  await saveSession(request);
}

/** Names the password without telling it. */
function passwordIdOf(passwordHash: string): string {
  return createHash('sha256').update(passwordHash).digest('hex').slice(0, 16);
}

/** Ends the session, for whoever else holds its cookie too. */
export async function signOut(request: Request, response: Response): Promise<void> {
  await settled((done) => request.session.destroy(done));
  response.clearCookie(SESSION_COOKIE, { httpOnly: true, sameSite: 'strict', path: '/' });
}
