import type { Health } from '../../../api/admin/health/health.ts';
import { MODES, type Mode } from '../../../domain/mode.ts';
import { eventsPath } from '../events/paths.ts';
import { tabPath } from '../tabs.ts';

/** A check as `GET /api/admin/health` answers it. */
export type Check = Health['checks'][number];

/** A section of the tab Health. It may be without checks. */
export interface CheckGroup {
  /** What its checks concern. */
  readonly name: string;
  readonly checks: readonly Check[];
}

const MODE_NAMES: Readonly<Record<Mode, string>> = { live: 'Live mode', test: 'Test mode' };
const GROUPS = ['Database', 'Temporal', 'Workers', ...MODES.map((mode) => MODE_NAMES[mode])];
const OF_TEMPORAL = new Set(['temporal', 'search_attributes']);

/** The checks by what they concern; each keeps its place among those of its group. */
export function groupsOf(checks: readonly Check[]): CheckGroup[] {
  return GROUPS.map((name) => ({ name, checks: checks.filter((check) => groupOf(check) === name) }));
}

function groupOf({ id, mode }: Check): string {
  if (mode !== null) return MODE_NAMES[mode];
  if (id.startsWith('workers:')) return 'Workers';
  return OF_TEMPORAL.has(id) ? 'Temporal' : 'Database';
}

const NAMES: ReadonlyMap<string, string> = new Map([
  ['database', 'PostgreSQL'],
  ['migrations', 'Schema'],
  ['clock', 'Clock'],
  ['temporal', 'Server'],
  ['search_attributes', 'Search attributes'],
  ['schedule:monthly-billing', 'Schedule of closes'],
  ['schedule:reconciliation', 'Schedule of reconciliation'],
  ['webhook_secret', 'Webhook secret'],
  ['webhooks', 'Webhooks'],
  ['customers', 'Customers'],
  ['bills', 'Bills'],
  ['last_month', 'Last month'],
  ['reconciliation', 'Reconciliation'],
]);

/** What a person calls a check; of workers, what they take: `billing, workflows`. */
export function nameOf({ id }: Check): string {
  const [, taskQueue, tasks] = /^workers:(.+):(workflow|activity)$/.exec(id) ?? [];
  if (taskQueue !== undefined) return `${taskQueue}, ${tasks === 'workflow' ? 'workflows' : 'activities'}`;
  return NAMES.get(id) ?? id;
}

/** Where a check leads, within the admin's pages. */
export interface CheckLink {
  readonly href: string;
  readonly text: string;
}

/** The page that says more of a check; `null`: none does. */
export function linkOf({ id, mode }: Check): CheckLink | null {
  if (mode === null) return null;
  switch (id) {
    case 'webhooks':
      return { href: eventsPath({ mode }), text: 'Events' };
    case 'customers':
      return { href: `${tabPath('customers')}?mode=${mode}`, text: 'Customers' };
    case 'bills':
    case 'last_month':
      return { href: `${tabPath('months')}?mode=${mode}`, text: 'Months' };
    default:
      return null;
  }
}

/** All of it in a sentence. */
export function summaryOf(checks: readonly Check[]): string {
  const problems = checks.filter(({ state }) => state === 'problem').length;
  const warnings = checks.filter(({ state }) => state === 'warning').length;
  if (problems === 0 && warnings === 0) return 'All is well.';
  const broken = problems === 1 ? '1 thing does not work' : `${problems} things do not work`;
  if (warnings === 0) return `${broken}.`;
  const verb = warnings === 1 ? 'wants' : 'want';
  if (problems > 0) return `${broken}, and ${warnings} ${verb} your attention.`;
  return `${warnings} ${warnings === 1 ? 'thing' : 'things'} ${verb} your attention.`;
}
