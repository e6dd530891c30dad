import type { IRouter, Request, RequestHandler, Response } from 'express';
import type { AccountAccess } from '../../api/account/access.ts';
import { AccountLinkRefused } from '../../api/account/link.ts';
import { accountOf, signInAccount, signOutAccount } from '../../api/account/session.ts';
import { limitFailuresByAddress } from '../../api/rate-limit.ts';
import { addRoute } from '../../api/route.ts';
import type { UserKey } from '../../domain/customer-key.ts';
import { textOfQuery } from '../request-values.ts';
import { sendPartToSignIn } from '../shell.tsx';
import { ACCOUNT_PATH } from './paths.ts';
import type { Shell } from './shell.tsx';

/**
 * `GET /account?token=…`, the link of the host product: exchanges it for a session, and leads to the page without it, so that it
 * stays in no history and no bookmark.
 */
export function signInByLink(access: AccountAccess, shell: Shell): RequestHandler {
  const failures = limitFailuresByAddress(
    'Too many links that open nothing came from this address: wait a minute, then open the page anew',
  );
  return async (request, response, next) => {
    const token = textOfQuery(request, 'token');
    if (request.method !== 'GET' || token === '') return next();
    try {
      // What is guessed is not even looked at.
      if (await failures.isReached(request)) throw new AccountLinkRefused('too many of this address were');
      await signInAccount(request, await access.useLink(token));
    } catch (error) {
      if (!(error instanceof AccountLinkRefused)) throw error;
      // For the host product's developer; of no use to anybody else.
      request.log.warn({ reason: error.message }, 'link to the account page refused');
      return await failures.count(request, response, (tooMany?: unknown) => {
        if (tooMany !== undefined) return next(tooMany);
        return refuse(request, response, shell, 'This link has expired, or has been used before.');
      });
    }
    return response.redirect(303, ACCOUNT_PATH);
  };
}

/** Lets through who has a session. */
export function admitted(shell: Shell): RequestHandler {
  return (request, response, next) => {
    if (accountOf(request) !== null) return next();
    if (sendPartToSignIn(request, response, ACCOUNT_PATH)) return undefined;
    return refuse(request, response, shell, 'You are not signed in, or not any more.');
  };
}

/** Whose page it is. Behind {@link admitted} there is always one. */
export function userOf(request: Request): UserKey {
  const user = accountOf(request);
  if (user === null) throw new Error('nobody is signed in');
  return user;
}

/** `POST /account/sign-out`: ends the session. There is no form to go back to, for only the host product signs in. */
export function addSignOut(pages: IRouter, shell: Shell): void {
  addRoute(pages, '/sign-out', {
    post: [
      async (request, response) => {
        await signOutAccount(request, response);
        shell.page(request, response, { title: 'Signed out' }, <p>You may close this page.</p>);
      },
    ],
  });
}

function refuse(request: Request, response: Response, shell: Shell, why: string): void {
  shell.page(
    request,
    response,
    { title: 'Please sign in', status: 401 },
    <>
      <p>{why}</p>
      <p>Go back to where you came from, and open your billing page from there once more.</p>
    </>,
  );
}
