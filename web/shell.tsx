import type { Request, Response } from 'express';
import type { VNode } from 'preact';
import { renderToString } from 'preact-render-to-string';
import { csrfToken } from '../api/csrf.ts';
import { type Flash, takeFlash } from '../api/sessions.ts';
import { PageContext } from './components/page-context.ts';
import { textOfQuery } from './request-values.ts';

/** Sends what was written in JSX: whole pages in the layout that all share, and parts that htmx puts into one. */
export interface Shell<Head> {
  page(request: Request, response: Response, head: Head, body: VNode): void;
  part(request: Request, response: Response, body: VNode): void;
  /**
   * Sends a part that asked by `?since=` whether it has changed; a 204 when it is of this version still. So nothing is read out twice,
   * and the focus stays where it is.
   */
  partIfChanged(request: Request, response: Response, version: string, body: VNode): void;
}

/** What the pages of one kind of visitor have in common. */
export interface Frame<Head> {
  isSignedIn(request: Request): boolean;
  /** The document around a page's body. */
  layout(head: Head, flash: Flash | null, body: VNode): VNode;
  /** Puts around it what its components may ask for besides {@link PageContext}. */
  within?(request: Request, isSignedIn: boolean, content: VNode): VNode;
}

/** @param frame of what it is asked about a request, nothing needs a session: an error may come before that was read. */
export function createShell<Head extends { readonly status?: number }>(frame: Frame<Head>): Shell<Head> {
  const render = (request: Request, contentOf: (isSignedIn: boolean) => VNode): string => {
    const isSignedIn = hasSession(request) && frame.isSignedIn(request);
    const content = contentOf(isSignedIn);
    return renderToString(
      <PageContext.Provider value={{ csrfToken: isSignedIn ? csrfToken(request) : null }}>
        {frame.within?.(request, isSignedIn, content) ?? content}
      </PageContext.Provider>,
    );
  };
  const part = (request: Request, response: Response, body: VNode) => {
    response.type('html').send(render(request, () => body));
  };
  return {
    page(request, response, head, body) {
      const html = render(request, (isSignedIn) =>
        frame.layout(head, isSignedIn ? takeFlash(request) : null, body),
      );
      response
        .status(head.status ?? 200)
        .type('html')
        .send(`<!doctype html>\n${html}`);
    },
    part,
    partIfChanged(request, response, version, body) {
      if (textOfQuery(request, 'since') === version) response.status(204).end();
      else part(request, response, body);
    },
  };
}

/**
 * Sends a page to where one signs in, when a part was asked for: that would be put into the page, and the whole page has to go.
 *
 * @returns `false` when it was no part; then nothing is sent.
 */
export function sendPartToSignIn(request: Request, response: Response, path: string): boolean {
  if (request.get('hx-request') === undefined) return false;
  response.set('HX-Redirect', path).status(401).end();
  return true;
}

function hasSession(request: Request): boolean {
  const session: unknown = request.session;
  return session !== undefined;
}
