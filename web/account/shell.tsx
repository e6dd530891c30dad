import { accountOf } from '../../api/account/session.ts';
import { createShell, type Shell as ShellOf } from '../shell.tsx';
import { Layout } from './layout.tsx';

/** What a page of a user's says of itself. */
export interface PageHead {
  /** Of the window, and of the page itself. */
  readonly title: string;
  /** 200 unless given. */
  readonly status?: number;
}

/** Sends the pages of users. */
export type Shell = ShellOf<PageHead>;

/** Signed in is who has followed a link of the host product; the forms of their pages carry a token. */
export function createAccountShell(): Shell {
  return createShell<PageHead>({
    isSignedIn: (request) => accountOf(request) !== null,
    layout: ({ title }, flash, body) => (
      <Layout title={title} flash={flash}>
        {body}
      </Layout>
    ),
  });
}
