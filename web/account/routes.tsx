import type { IRouter } from 'express';
import type { ApiDependencies } from '../../api/dependencies.ts';
import { HttpError } from '../../api/errors.ts';
import { addRoute } from '../../api/route.ts';
import { AccountPage } from './page.tsx';
import { Standing } from './sections/standing.tsx';
import type { Shell } from './shell.tsx';
import { userOf } from './sign-in.tsx';
import { readAccount, readStanding } from './view.ts';

/** The page, and the part of it that is live. */
export function addAccountRoutes(
  pages: IRouter,
  { db, now = () => new Date() }: Pick<ApiDependencies, 'db' | 'now'>,
  shell: Shell,
): void {
  addRoute(pages, '/', {
    get: [
      async (request, response) => {
        const view = await readAccount(db, userOf(request), now());
        if (view === undefined) throw noSuchUser();
        shell.page(request, response, { title: 'Your billing' }, <AccountPage view={view} />);
      },
    ],
  });

  addRoute(pages, '/standing', {
    get: [
      async (request, response) => {
        const standing = await readStanding(db, userOf(request));
        if (standing === undefined) throw noSuchUser();
        shell.partIfChanged(request, response, standing.version, <Standing standing={standing} />);
      },
    ],
  });
}

function noSuchUser(): HttpError {
  return new HttpError('user_not_found', 'This account is not registered any more');
}
