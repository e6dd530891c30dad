import type { AdminAccess } from '../../api/admin/access.ts';
import { isSignedIn } from '../../api/admin/session.ts';
import { temporalUiOf } from '../../api/admin/workflow.ts';
import type { ApiDependencies } from '../../api/dependencies.ts';
import { createShell, type Shell as ShellOf } from '../shell.tsx';
import { AdminContext } from './components/admin-context.ts';
import { Layout } from './components/layout.tsx';
import type { TabId } from './tabs.ts';

/** What a page of the admin's says of itself. */
export interface PageHead {
  /** Of the window, and of the page itself. */
  readonly title: string;
  /** Where it stands in the navigation. */
  readonly tab?: TabId;
  /** 200 unless given. */
  readonly status?: number;
}

/** Sends the admin's pages. */
export type Shell = ShellOf<PageHead>;

/**
 * Who has signed in sees the tabs, and has a token in each form.
 *
 * @param access `null`: no password is set, so nobody gets in, and the page that says so is the only one.
 */
export function createAdminShell(
  dependencies: Pick<ApiDependencies, 'temporal' | 'temporalUiUrl'>,
  access: AdminAccess | null,
): Shell {
  const temporalUi = temporalUiOf(dependencies);
  return createShell<PageHead>({
    isSignedIn: (request) => access !== null && isSignedIn(request, access),
    layout: ({ title, tab }, flash, body) => (
      <Layout title={title} tab={tab ?? null} flash={flash}>
        {body}
      </Layout>
    ),
    within: (request, isAdmin, content) => (
      <AdminContext.Provider value={{ temporalUi, by: isAdmin ? (request.session.by ?? '') : '' }}>
        {content}
      </AdminContext.Provider>
    ),
  });
}
