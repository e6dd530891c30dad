import type { Mode } from '../../domain/mode.ts';
import { RefusedError } from '../../stack/json-request.ts';
import type { SentUsage } from '../judge/account.ts';
import { callApi } from './customers.ts';
import type { RunningBilling } from './running-billing.ts';

interface UsageAnswer {
  readonly rejected: readonly object[];
}

/**
 * Sends usage as a host product does.
 *
 * @throws RefusedError also when single events were refused.
 */
export async function sendUsage(
  service: RunningBilling,
  mode: Mode,
  events: readonly SentUsage[],
): Promise<void> {
  const { rejected } = await callApi<UsageAnswer>(service, mode, 'POST', '/api/usage-events', {
    body: { events },
  });
  if (rejected.length > 0) throw new RefusedError('Usage', 422, JSON.stringify(rejected.slice(0, 3)));
}
