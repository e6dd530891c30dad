import { createHash } from 'node:crypto';
import type { Request, Response } from 'express';
import { endSession, isYoung, type SessionKind, startSession } from '../sessions.ts';
import type { AdminAccess } from './access.ts';

declare module 'express-session' {
  interface SessionData {
    admin: { readonly signedInAtMs: number; readonly passwordId: string };
    /** Who the admin said they are when they decided something last. */
    by: string;
  }
}

/** `strict`: a link of another site finds nobody signed in, so no other site can have an admin's browser do anything. */
export const ADMIN_SESSIONS: SessionKind = {
  cookie: 'admin_session',
  table: 'admin_sessions',
  sameSite: 'strict',
};

/** Whether the request comes from an admin who has signed in, not too long ago, with the password of today. */
export function isSignedIn({ session }: Request, { passwordHashes }: AdminAccess): boolean {
  const { admin } = session;
  if (admin === undefined || !passwordHashes.some((hash) => passwordIdOf(hash) === admin.passwordId))
    return false;
  return isYoung(admin.signedInAtMs);
}

/** Starts an admin's session. @param passwordHash of the password that was right. */
export async function signIn(request: Request, passwordHash: string): Promise<void> {
  await startSession(request, {
    admin: { signedInAtMs: Date.now(), passwordId: passwordIdOf(passwordHash) },
  });
}

/** Ends the admin's session. */
export async function signOut(request: Request, response: Response): Promise<void> {
  await endSession(request, response, ADMIN_SESSIONS);
}

/** Names the password without telling it. */
function passwordIdOf(passwordHash: string): string {
  return createHash('sha256').update(passwordHash).digest('hex').slice(0, 16);
}
