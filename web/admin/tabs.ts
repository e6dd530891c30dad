/** Where the admin's pages are. */
export const ADMIN_PATH = '/admin47392';

/** In the order of the navigation; the first is where signing in leads. */
export const TABS = [
  { id: 'test-billing', name: 'Test Billing' },
  { id: 'customers', name: 'Customers' },
  { id: 'months', name: 'Months' },
  { id: 'events', name: 'Events' },
  { id: 'health', name: 'Health' },
] as const;

/** A tab by its name in addresses. */
export type TabId = (typeof TABS)[number]['id'];

/** The address of a tab, or of something below it. */
export function tabPath(tab: TabId, ...below: readonly string[]): string {
  return [ADMIN_PATH, tab, ...below.map(encodeURIComponent)].join('/');
}
