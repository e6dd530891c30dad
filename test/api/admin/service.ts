import { ADMIN_AUTHORIZATION } from '../../support/admin.ts';
import type { BillingParts, BillingService } from '../../support/billing-worker.ts';
import { startTestBilling } from '../../workflows/service.ts';
import { type Answer, requestTo } from '../harness.ts';

/** The whole service, asked by an administrator. */
export interface AdminService {
  readonly billing: BillingService;
  /** Sends a request; fails when the OpenAPI document does not foresee the answer. */
  request(
    method: string,
    path: string,
    options?: { readonly json?: unknown; readonly headers?: Record<string, string> },
  ): Promise<Answer>;
  stop(): Promise<void>;
}

/** Starts it without a worker: a test that needs one starts it at `billing`. */
export async function startAdminService(options: Pick<BillingParts, 'now'> = {}): Promise<AdminService> {
  const billing = await startTestBilling(options);
  return {
    billing,
    request: async (method, path, { json, headers = {} } = {}) =>
      await requestTo(billing.apiUrl, method, path, {
        body: json === undefined ? null : JSON.stringify(json),
        headers: { authorization: ADMIN_AUTHORIZATION, ...headers },
      }),
    stop: () => billing.stop(),
  };
}
