import type { Finding } from './finding.ts';
import type { SeenWorld } from './seen.ts';

/** Has every event that we told Stripe we have taken had its effect? */
export function eventFindings({ events, customers }: Pick<SeenWorld, 'events' | 'customers'>): Finding[] {
  const ours = new Set(customers.map(({ mode, row }) => `${mode} ${row.stripeCustomerId}`));
  return events.flatMap(({ eventId, type, acknowledged, applied, mode, stripeCustomerId }) => {
    const about = `${mode} ${stripeCustomerId}`;
    // There are no strangers in this world.
    if (!ours.has(about))
      return [{ about, what: `${eventId} (${type}) is of nobody that the service knows` }];
    if (applied) return [];
    return [
      {
        about,
        what: `${eventId} (${type}) was ${acknowledged ? 'acknowledged, and is lost' : 'never taken'}`,
      },
    ];
  });
}
