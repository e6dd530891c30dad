import type { IRouter } from 'express';
import { addRoute } from '../../api/route.ts';
import { EmptyState } from './components/empty-state.tsx';
import type { Shell } from './shell.tsx';
import { TABS, type TabId } from './tabs.ts';

/** Where the command line knows more than the page does so far. */
const COMMANDS: readonly { readonly tab: TabId; readonly command: string }[] = [
  { tab: 'customers', command: 'npm run billing -- customer USER' },
  { tab: 'months', command: 'npm run billing -- preview YYYY-MM' },
];

/** Tabs that are not written yet say what to use in their place. */
export function addPlaceholderTabs(pages: IRouter, shell: Shell): void {
  for (const { tab, command } of COMMANDS) {
    const title = TABS.find(({ id }) => id === tab)?.name ?? tab;
    addRoute(pages, `/${tab}`, {
      get: [
        (request, response) =>
          shell.page(
            request,
            response,
            { title, tab },
            <EmptyState title="This page is still to come.">
              Until then the command line has it: <code>{command}</code>
            </EmptyState>,
          ),
      ],
    });
  }
}
