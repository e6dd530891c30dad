import { DatabaseError } from 'pg';

const EMAIL = /[\w.+%-]+@[\w-]+(?:\.[\w-]+)+/g;
/** As long as a card's number, and longer than an instant in milliseconds. */
const LONG_NUMBER = /\b\d(?:[ -]?\d){13,18}\b/g;

/** A text of somebody else's, such as Stripe's about an invalid e-mail, without what may be a person's or a card's. */
export function withoutPersonalData(text: string): string {
  return text.replaceAll(EMAIL, '[e-mail]').replaceAll(LONG_NUMBER, '[number]');
}

/** Of SQLSTATE's classes the one about statements: its messages quote names of ours, such as a table that is missing. */
const ABOUT_THE_STATEMENT = '42';

/**
 * What an error says that may be kept: in logs, traces and histories. PostgreSQL quotes values and rows in most of its errors, so of
 * those nothing but their code and what they are about is said; of all others {@link withoutPersonalData}.
 */
export function safeMessage(error: Error): string {
  const quotesValues = error instanceof DatabaseError && error.code?.startsWith(ABOUT_THE_STATEMENT) !== true;
  if (!quotesValues) return withoutPersonalData(error.message);
  const { code, table, column, constraint } = error;
  const about = Object.entries({ table, column, constraint }).flatMap(([what, name]) =>
    name === undefined ? [] : `${what} ${name}`,
  );
  return [`PostgreSQL refused with ${code ?? 'no code'}`, ...about].join(', ');
}

/**
 * Takes out of an error, and of what caused it, whatever {@link safeMessage} would not say. It stays the same object, of the same
 * class, so that whoever sorts errors finds what they look for.
 */
export function removePersonalData(error: unknown): void {
  if (!(error instanceof Error)) return;
  const message = safeMessage(error);
  if (error.stack !== undefined)
    error.stack = withoutPersonalData(error.stack.replace(error.message, () => message));
  error.message = message;
  if (error instanceof DatabaseError)
    for (const field of ['detail', 'hint', 'where', 'internalQuery'] as const) error[field] = undefined;
  removePersonalData(error.cause);
}
