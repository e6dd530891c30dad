import type { Finding } from './finding.ts';
import type { SeenWorld } from './seen.ts';

/** Has every event that we told Stripe we have taken had its effect? */
export function eventFindings({ events, customers }: Pick<SeenWorld, 'events' | 'customers'>): Finding[] {
  const ours = new Set(customers.map(({ mode, row }) => `${mode} ${row.stripeCustomerId}`));
  return events
    .filter(({ mode, stripeCustomerId }) => ours.has(`${mode} ${stripeCustomerId}`))
    .filter(({ applied }) => !applied)
    .map(({ eventId, type, acknowledged, mode, stripeCustomerId }) => ({
      about: `${mode} ${stripeCustomerId}`,
      what: `${eventId} (${type}) was ${acknowledged ? 'acknowledged, and is lost' : 'never taken'}`,
    }));
}
