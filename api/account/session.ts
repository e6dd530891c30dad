import type { Request, Response } from 'express';
import type { UserKey } from '../../db/users.ts';
import { type SessionKind, saveSession, settled } from '../sessions.ts';

declare module 'express-session' {
  interface SessionData {
    account: UserKey & { readonly signedInAtMs: number };
  }
}

const MINUTE_MS = 60_000;
/** A session ends so long after the link was used in any case: the host product knows who its users are today. */
const LIFETIME_MS = 12 * 60 * MINUTE_MS;

/** `lax`: the user comes back from Stripe's pages by a link, and must be known then. */
export const ACCOUNT_SESSIONS: SessionKind = {
  cookie: 'account_session',
  table: 'account_sessions',
  sameSite: 'lax',
  idleMs: 60 * MINUTE_MS,
};

/** Whose page it is, or `null` when nobody is signed in. */
export function accountOf({ session }: Request): UserKey | null {
  const { account } = session;
  if (account === undefined || Date.now() - account.signedInAtMs >= LIFETIME_MS) return null;
  return { mode: account.mode, userId: account.userId };
}

/** Starts a session under a new id: one that somebody has planted before is of no use to them. */
export async function signInAccount(request: Request, { mode, userId }: UserKey): Promise<void> {
  await settled((done) => request.session.regenerate(done));
  request.session.account = { mode, userId, signedInAtMs: Date.now() };
  await saveSession(request);
}

/** Ends the session, for whoever else holds its cookie too. */
export async function signOutAccount(request: Request, response: Response): Promise<void> {
  await settled((done) => request.session.destroy(done));
  response.clearCookie(ACCOUNT_SESSIONS.cookie, { httpOnly: true, sameSite: 'lax', path: '/' });
}
