import type { RequestHandler } from 'express';
import { refuseForgery } from '../csrf.ts';
import type { ApiDependencies } from '../dependencies.ts';
import { HttpError } from '../errors.ts';
import { type AdminAccess, adminNotConfigured, openAdminAccess } from './access.ts';
import { isSignedIn } from './session.ts';

/**
 * Lets requests of an admin pass: with the password (`Authorization: Bearer …`), or with the cookie of a session, and then, if they
 * change something, with its CSRF token.
 *
 * @param againstForgery none, for what changes nothing whatever its method.
 */
export function authenticateAdmin(
  dependencies: ApiDependencies,
  access: AdminAccess | null = openAdminAccess(dependencies),
  againstForgery: readonly RequestHandler[] = refuseForgery,
): RequestHandler[] {
  if (access === null) {
    return [
      () => {
        throw adminNotConfigured();
      },
    ];
  }

  const byPassword: RequestHandler = async (request, response, next) => {
    const password = passwordOf(request.get('authorization'));
    if (password === null) return next();
    await access.password.check(request, response, password);
    response.locals['admin'] = true;
    return next();
  };
  const bySession: readonly RequestHandler[] = [
    access.sessions,
    (request, _response, next) => {
      if (isSignedIn(request, access)) return next();
      throw new HttpError(
        'missing_admin_password',
        'Sign in at the admin page, or send the password in the header "Authorization: Bearer <password>"',
      );
    },
    ...againstForgery,
  ];
  return [byPassword, ...bySession.map(unlessAdmitted)];
}

/** A password may have spaces, and letters that HTTP sends as UTF-8 and Node reads as Latin-1. */
function passwordOf(header: string | undefined): string | null {
  const password = /^Bearer +(.+?) *$/i.exec(header ?? '')?.[1];
  return password === undefined ? null : Buffer.from(password, 'latin1').toString();
}

function unlessAdmitted(handler: RequestHandler): RequestHandler {
  return (request, response, next) =>
    response.locals['admin'] === true ? next() : handler(request, response, next);
}
