import type { BillingStatus } from '../../../../domain/customer-standing.ts';
import { tabPath } from '../../tabs.ts';

/** Where tests are sent to, and one of them is shown: a page below the tab Test Billing. */
export function webhookTestPath(...below: readonly string[]): string {
  return tabPath('test-billing', 'webhook-tests', ...below);
}

/** The address remembers where the customer stood before: a test itself is not kept anywhere. */
export function withBefore(path: string, before: BillingStatus | null): string {
  return before === null ? path : `${path}?before=${before}`;
}
