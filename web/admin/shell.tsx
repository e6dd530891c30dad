import type { Request, Response } from 'express';
import type { VNode } from 'preact';
import { renderToString } from 'preact-render-to-string';
import type { AdminAccess } from '../../api/admin/access.ts';
import { csrfToken } from '../../api/admin/csrf.ts';
import { isSignedIn, takeFlash } from '../../api/admin/session.ts';
import { temporalUiOf } from '../../api/admin/workflow.ts';
import type { ApiDependencies } from '../../api/dependencies.ts';
import { Layout } from './components/layout.tsx';
import { PageContext } from './components/page-context.ts';
import type { TabId } from './tabs.ts';

export interface PageHead {
  /** Of the window, and of the page itself. */
  readonly title: string;
  /** Where it stands in the navigation. */
  readonly tab?: TabId;
  /** 200 unless given. */
  readonly status?: number;
}

/** Sends what was written in JSX: whole pages in the layout that all share, and parts that htmx puts into one. */
export interface Shell {
  page(request: Request, response: Response, head: PageHead, body: VNode): void;
  part(request: Request, response: Response, body: VNode): void;
}

export function createShell(
  dependencies: Pick<ApiDependencies, 'temporal' | 'temporalUiUrl'>,
  access: AdminAccess | null,
): Shell {
  const temporalUi = temporalUiOf(dependencies);
  const contextOf = (request: Request) => {
    // An error may come before the session was read.
    const session: unknown = request.session;
    const signedIn = access !== null && session !== undefined && isSignedIn(request, access);
    return {
      csrfToken: signedIn ? csrfToken(request) : null,
      temporalUi,
      by: signedIn ? (request.session.by ?? '') : '',
    };
  };
  return {
    page(request, response, { title, tab, status = 200 }, body) {
      const context = contextOf(request);
      const flash = context.csrfToken === null ? null : takeFlash(request);
      const html = renderToString(
        <PageContext.Provider value={context}>
          <Layout title={title} tab={tab ?? null} flash={flash}>
            {body}
          </Layout>
        </PageContext.Provider>,
      );
      response.status(status).type('html').send(`<!doctype html>\n${html}`);
    },
    part(request, response, body) {
      const html = renderToString(
        <PageContext.Provider value={contextOf(request)}>{body}</PageContext.Provider>,
      );
      response.type('html').send(html);
    },
  };
}
