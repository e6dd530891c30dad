import type { Finding } from './finding.ts';
import type { SeenWorld } from './seen.ts';

/** Has anybody a second customer in Stripe, or a Checkout a second session? */
export function doubledFindings({ made }: Pick<SeenWorld, 'made'>): Finding[] {
  const ids = new Map<string, string[]>();
  for (const { mode, what, id } of made) {
    const key = `${mode} ${what}`;
    ids.set(key, [...(ids.get(key) ?? []), id]);
  }
  return [...ids]
    .filter(([, all]) => all.length > 1)
    .map(([about, all]) => ({ about, what: `there are ${all.length} in Stripe: ${all.join(', ')}` }));
}
