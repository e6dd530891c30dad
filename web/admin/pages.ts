import express, { type Express, type Request, type RequestHandler } from 'express';
import { type AdminAccess, adminNotConfigured } from '../../api/admin/access.ts';
import type { ReadHealth } from '../../api/admin/health/health.ts';
import { isSignedIn } from '../../api/admin/session.ts';
import { refuseForgery } from '../../api/csrf.ts';
import type { ApiDependencies } from '../../api/dependencies.ts';
import { HttpError } from '../../api/errors.ts';
import { limitPages } from '../../api/rate-limit.ts';
import { pageHeaders } from '../headers.ts';
import { showProblem } from '../problem.tsx';
import { addCustomersTab } from './customers/routes.tsx';
import { addEventsTab } from './events/routes.tsx';
import { addHealthTab } from './health/routes.tsx';
import { addMonthsTab } from './months/routes.tsx';
import { createAdminShell } from './shell.tsx';
import { addSignIn, addSignOut, goToSignIn } from './sign-in.tsx';
import { ADMIN_PATH } from './tabs.ts';
import { addTestBillingTab } from './test-billing/routes.tsx';

const FORM_LIMIT_BYTES = 16_384;

/** The pages of the admin, below {@link ADMIN_PATH}. Everything but signing in wants a session; with one, each form has its token. */
export function addAdminPages(
  app: Express,
  dependencies: ApiDependencies,
  access: AdminAccess | null,
  readHealth: ReadHealth,
): void {
  const shell = createAdminShell(dependencies, access);
  const pages = express.Router();
  pages.use(pageHeaders);

  if (access === null) pages.use(refuseAll);
  else {
    // Admins have one password and no names: a session is one visitor.
    const visitorOf = (request: Request) => (isSignedIn(request, access) ? request.sessionID : null);
    pages.use(access.sessions, limitPages(dependencies.pageRequestsPerMinute ?? 0, visitorOf));
    pages.use(express.urlencoded({ extended: false, limit: FORM_LIMIT_BYTES }));
    addSignIn(pages, shell, access);
    pages.use(admitted(access), ...refuseForgery);
    addSignOut(pages);
    // The tabs, each in a folder of its own.
    addTestBillingTab(pages, dependencies, shell);
    addCustomersTab(pages, dependencies, shell);
    addMonthsTab(pages, dependencies, shell);
    addEventsTab(pages, dependencies, shell);
    addHealthTab(pages, readHealth, shell);
  }

  pages.use(nothingHere);
  pages.use(showProblem(shell, ADMIN_PATH));
  app.use(ADMIN_PATH, pages);
}

const refuseAll: RequestHandler = () => {
  throw adminNotConfigured();
};

const nothingHere: RequestHandler = () => {
  throw new HttpError('not_found', 'There is nothing here: choose one of the tabs');
};

function admitted(access: AdminAccess): RequestHandler {
  return (request, response, next) => (isSignedIn(request, access) ? next() : goToSignIn(request, response));
}
