import connectPgSimple from 'connect-pg-simple';
import type { Request, RequestHandler } from 'express';
import session from 'express-session';
import { CompiledQuery } from 'kysely';
import type { Pool } from 'pg';
import type { Database } from '../db/database.ts';

/** One sentence that the next page shows, once. */
export interface Flash {
  readonly kind: 'success' | 'problem';
  readonly text: string;
}

declare module 'express-session' {
  interface SessionData {
    flash: Flash;
  }
}

/** What one kind of session is like; each kind has a cookie and a table of its own. */
export interface SessionKind {
  readonly cookie: string;
  /** As connect-pg-simple has it. */
  readonly table: 'admin_sessions' | 'account_sessions';
  /** `lax`: also who follows a link of another site is known by it. */
  readonly sameSite: 'strict' | 'lax';
  /** The session ends when nothing was asked for so long. */
  readonly idleMs: number;
}

const PRUNE_EVERY_SECONDS = 15 * 60;

/**
 * Sessions in a table, which all processes of the api share. Nothing is stored before something is put into one.
 *
 * @param secrets sign the cookie; the first signs, all are believed.
 */
export function databaseSessions(
  db: Database,
  { cookie, table, sameSite, idleMs }: SessionKind,
  secrets: readonly string[],
  onProblem: (problem: object) => void,
): RequestHandler {
  const Store = connectPgSimple(session);
  return session({
    name: cookie,
    secret: [...secrets],
    store: new Store({
      pool: poolOf(db),
      tableName: table,
      pruneSessionInterval: PRUNE_EVERY_SECONDS,
      errorLog: (...problem: unknown[]) => onProblem({ problem: problem.map(String) }),
    }),
    resave: false,
    saveUninitialized: false,
    rolling: true,
    // Secure wherever the request came by https, also through a proxy that is believed.
    cookie: { httpOnly: true, sameSite, secure: 'auto', path: '/', maxAge: idleMs },
  });
}

/** What the page before wanted to be said; it is forgotten with this. */
export function takeFlash(request: Request): Flash | null {
  const { flash } = request.session;
  if (flash === undefined) return null;
  delete request.session.flash;
  return flash;
}

/**
 * Writes the session down now. Otherwise that happens while the answer goes out, and a browser that is sent on may be back
 * before it is done.
 */
export async function saveSession(request: Request): Promise<void> {
  await settled((done) => request.session.save(done));
}

/** One of a session's own calls, as a promise. */
export async function settled(start: (done: (error?: unknown) => void) => void): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    start((error) => (error === undefined || error === null ? resolve() : reject(error)));
  });
}

/** The store asks one thing of a pool; so it needs no second one beside Kysely's. */
function poolOf(db: Database): Pool {
  const query = (text: string, values: readonly unknown[] = []) =>
    db.executeQuery(CompiledQuery.raw(text, [...values]));
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- `query` is all that connect-pg-simple calls
  return { query } as unknown as Pool;
}
