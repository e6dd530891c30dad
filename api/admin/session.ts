import connectPgSimple from 'connect-pg-simple';
import type { Request, RequestHandler, Response } from 'express';
import session from 'express-session';
import { CompiledQuery } from 'kysely';
import type { Pool } from 'pg';
import type { Database } from '../../db/database.ts';
import type { AdminAccess } from './access.ts';

/** One sentence that the next page shows, once. */
export interface Flash {
  readonly kind: 'success' | 'problem';
  readonly text: string;
}

declare module 'express-session' {
  interface SessionData {
    admin: { readonly signedInAtMs: number; readonly passwordId: string };
    flash: Flash;
    /** Who the admin said they are when they decided something last. */
    by: string;
  }
}

const MINUTE_MS = 60_000;
/** A session ends when nothing was asked for so long … */
const IDLE_MS = 60 * MINUTE_MS;
/** … and at the end of a working day in any case. */
const LIFETIME_MS = 12 * 60 * MINUTE_MS;
const PRUNE_EVERY_SECONDS = 15 * 60;

export const SESSION_COOKIE = 'admin_session';

/**
 * Sessions in the table `admin_sessions`, which all processes of the api share.
 *
 * @param secrets sign the cookie; the first signs, all are believed.
 */
export function adminSessions(
  db: Database,
  secrets: readonly string[],
  onProblem: (problem: object) => void,
): RequestHandler {
  const Store = connectPgSimple(session);
  return session({
    name: SESSION_COOKIE,
    secret: [...secrets],
    store: new Store({
      pool: poolOf(db),
      tableName: 'admin_sessions',
      pruneSessionInterval: PRUNE_EVERY_SECONDS,
      errorLog: (...problem: unknown[]) => onProblem({ problem: problem.map(String) }),
    }),
    resave: false,
    saveUninitialized: false,
    rolling: true,
    // Secure wherever the request came by https, also through a proxy that is believed.
    cookie: { httpOnly: true, sameSite: 'strict', secure: 'auto', path: '/', maxAge: IDLE_MS },
  });
}

/** Whether the request comes from an admin who has signed in, not too long ago, with the password of today. */
export function isSignedIn({ session }: Request, { passwordId }: AdminAccess): boolean {
  const { admin } = session;
  if (admin === undefined || admin.passwordId !== passwordId) return false;
  return Date.now() - admin.signedInAtMs < LIFETIME_MS;
}

/** Starts a session under a new id: one that somebody has planted before is of no use to them. */
export async function signIn(request: Request, { passwordId }: AdminAccess): Promise<void> {
  await settled((done) => request.session.regenerate(done));
  request.session.admin = { signedInAtMs: Date.now(), passwordId };
  await saveSession(request);
}

/**
 * Writes the session down now. Otherwise that happens while the answer goes out, and a browser that is sent on may be back
 * before it is done.
 */
export async function saveSession(request: Request): Promise<void> {
  await settled((done) => request.session.save(done));
}

/** Ends the session, for whoever else holds its cookie too. */
export async function signOut(request: Request, response: Response): Promise<void> {
  await settled((done) => request.session.destroy(done));
  response.clearCookie(SESSION_COOKIE, { httpOnly: true, sameSite: 'strict', path: '/' });
}

/** What the page before wanted to be said; it is forgotten with this. */
export function takeFlash(request: Request): Flash | null {
  const { flash } = request.session;
  if (flash === undefined) return null;
  delete request.session.flash;
  return flash;
}

/** The store asks one thing of a pool; so it needs no second one beside Kysely's. */
function poolOf(db: Database): Pool {
  const query = (text: string, values: readonly unknown[] = []) =>
    db.executeQuery(CompiledQuery.raw(text, [...values]));
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- `query` is all that connect-pg-simple calls
  return { query } as unknown as Pool;
}

async function settled(start: (done: (error?: unknown) => void) => void): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    start((error) => (error === undefined || error === null ? resolve() : reject(error)));
  });
}
