import type { Request, Response } from 'express';
import type { UserKey } from '../../domain/customer-key.ts';
import { endSession, isYoung, type SessionKind, startSession } from '../sessions.ts';

declare module 'express-session' {
  interface SessionData {
    account: UserKey & { readonly signedInAtMs: number };
  }
}

/** `lax`: the user comes back from Stripe's pages by a link, and must be known then. */
export const ACCOUNT_SESSIONS: SessionKind = {
  cookie: 'account_session',
  table: 'account_sessions',
  sameSite: 'lax',
};

/** Whose page it is, or `null` when nobody is signed in. */
export function accountOf({ session }: Request): UserKey | null {
  const { account } = session;
  if (account === undefined || !isYoung(account.signedInAtMs)) return null;
  return { mode: account.mode, userId: account.userId };
}

/** Starts the user's session. */
export async function signInAccount(request: Request, { mode, userId }: UserKey): Promise<void> {
  await startSession(request, { account: { mode, userId, signedInAtMs: Date.now() } });
}

/** Ends the user's session. */
export async function signOutAccount(request: Request, response: Response): Promise<void> {
  await endSession(request, response, ACCOUNT_SESSIONS);
}
