import type { Request, RequestHandler } from 'express';
import { billingLink } from './billing-link.ts';

/** Leads to the account page of who is signed in with you, by the id that you registered them under. */
export function toBilling(signedInUser: (request: Request) => string | undefined): RequestHandler {
  return async (request, response) => {
    const userId = signedInUser(request);
    if (userId === undefined) return response.redirect(303, '/login');
    return response.set('Cache-Control', 'no-store').redirect(303, await billingLink(userId));
  };
}
