import { safeMessage, withoutPersonalData } from './personal-data.ts';

/** An error for the log, without the fields in which drivers quote rows and requests, and without what is a person's. */
export function describeError(cause: unknown): object | undefined {
  if (!(cause instanceof Error)) return cause === undefined ? undefined : { type: typeof cause };
  const message = safeMessage(cause);
  const code = 'code' in cause ? { code: cause.code } : {};
  const inner = describeError(cause.cause);
  return {
    type: cause.name,
    message,
    ...code,
    stack: cause.stack && withoutPersonalData(cause.stack.replace(cause.message, () => message)),
    ...(inner === undefined ? {} : { cause: inner }),
  };
}
