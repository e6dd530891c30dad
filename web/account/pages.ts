import express, { type Express, type Request, type RequestHandler } from 'express';
import { type AccountAccess, openAccountAccess } from '../../api/account/access.ts';
import { accountOf } from '../../api/account/session.ts';
import { refuseForgery } from '../../api/csrf.ts';
import type { ApiDependencies } from '../../api/dependencies.ts';
import { HttpError } from '../../api/errors.ts';
import { limitPages } from '../../api/rate-limit.ts';
import { pageHeaders } from '../headers.ts';
import { showProblem } from '../problem.tsx';
import { addChartRoute } from './chart-route.ts';
import { ACCOUNT_PATH } from './paths.ts';
import { addAccountRoutes } from './routes.tsx';
import { createAccountShell } from './shell.tsx';
import { addSignOut, admitted, signInByLink } from './sign-in.tsx';
import { addStripeRoutes } from './stripe-routes.tsx';

const FORM_LIMIT_BYTES = 4_096;

/** The pages of a user, below {@link ACCOUNT_PATH}. A link that the host product has signed opens them; each form has the session's token. */
export function addAccountPages(
  app: Express,
  dependencies: ApiDependencies,
  access: AccountAccess | null = openAccountAccess(dependencies),
): void {
  const shell = createAccountShell();
  const pages = express.Router();
  pages.use(pageHeaders);

  if (access === null) pages.use(refuseAll);
  else {
    pages.use(access.sessions, limitPages(dependencies.pageRequestsPerMinute ?? 0, visitorOf));
    pages.use(express.urlencoded({ extended: false, limit: FORM_LIMIT_BYTES }));
    pages.use(signInByLink(access, shell), admitted(shell), ...refuseForgery);
    addSignOut(pages, shell);
    addAccountRoutes(pages, dependencies, shell);
    addChartRoute(pages, dependencies);
    addStripeRoutes(pages, dependencies, shell);
  }

  pages.use(nothingHere);
  pages.use(showProblem(shell, ACCOUNT_PATH));
  app.use(ACCOUNT_PATH, pages);
}

const refuseAll: RequestHandler = () => {
  throw new HttpError(
    'not_found',
    'There is no account page here: set ACCOUNT_LINK_SECRETS and ACCOUNT_SESSION_SECRETS (see .env.example)',
  );
};

/** A user is one visitor, in however many browsers. */
function visitorOf(request: Request): string | null {
  const user = accountOf(request);
  return user === null ? null : JSON.stringify([user.mode, user.userId]);
}

const nothingHere: RequestHandler = () => {
  throw new HttpError('not_found', 'There is nothing here');
};
