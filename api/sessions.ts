import connectPgSimple from 'connect-pg-simple';
import type { CookieOptions, Request, RequestHandler, Response } from 'express';
import session, { type SessionData } from 'express-session';
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
}

const MINUTE_MS = 60_000;
/** A session ends when nothing was asked for so long. */
const IDLE_MS = 60 * MINUTE_MS;
/** And so long after it began in any case: a working day. */
const LIFETIME_MS = 12 * 60 * MINUTE_MS;

const PRUNE_EVERY_SECONDS = 15 * 60;

/**
 * Sessions in a table, which all processes of the api share. Nothing is stored before something is put into one.
 *
 * @param secrets sign the cookie; the first signs, all are believed.
 */
export function databaseSessions(
  db: Database,
  kind: SessionKind,
  secrets: readonly string[],
  onProblem: (problem: object) => void,
): RequestHandler {
  const Store = connectPgSimple(session);
  return session({
    name: kind.cookie,
    secret: [...secrets],
    store: new Store({
      pool: poolOf(db),
      tableName: kind.table,
      pruneSessionInterval: PRUNE_EVERY_SECONDS,
      errorLog: (...problem: unknown[]) => onProblem({ problem: problem.map(String) }),
    }),
    resave: false,
    saveUninitialized: false,
    rolling: true,
    // Secure wherever the request came by https, also through a proxy that is believed.
    cookie: { ...attributesOf(kind), secure: 'auto', maxAge: IDLE_MS },
  });
}

/** By which a browser knows the cookie again, to forget it. */
function attributesOf({ sameSite }: SessionKind) {
  return { httpOnly: true, sameSite, path: '/' } as const satisfies CookieOptions;
}

/** Whether a session that began then may go on. */
export function isYoung(signedInAtMs: number): boolean {
  return Date.now() - signedInAtMs < LIFETIME_MS;
}

/** Starts a session under a new id: one that somebody has planted before is of no use to them. */
export async function startSession(request: Request, data: Partial<SessionData>): Promise<void> {
  await settled((done) => request.session.regenerate(done));
  Object.assign(request.session, data);
  await saveSession(request);
}

/** Ends the session, for whoever else holds its cookie too. */
export async function endSession(request: Request, response: Response, kind: SessionKind): Promise<void> {
  await settled((done) => request.session.destroy(done));
  response.clearCookie(kind.cookie, attributesOf(kind));
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
async function settled(start: (done: (error?: unknown) => void) => void): Promise<void> {
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
