/** The account itself, and billing portal sessions. */
import { findCustomer } from '../behaviour/find.ts';
import { newId, randomText } from '../ids.ts';
import { params, text, url } from '../params.ts';
import { route } from '../router.ts';
import type { Account } from '../wire.ts';

const ACCOUNT: Account = {
  id: 'acct_1SimulatorAccount',
  object: 'account',
  charges_enabled: true,
  country: 'US',
  default_currency: 'usd',
  details_submitted: true,
  email: 'simulator@example.com',
  metadata: {},
  payouts_enabled: true,
  type: 'standard',
};

/** `/v1/account`, always the same one, and `/v1/billing_portal/sessions`, whose pages `http/portal-page.ts` shows. */
export const accountRoutes = [
  route('GET', '/v1/account', params({}), () => ACCOUNT),

  route(
    'POST',
    '/v1/billing_portal/sessions',
    params({ configuration: text.optional(), customer: text, return_url: url.optional() }),
    (operation, given) => {
      const customer = findCustomer(operation, given.customer);
      const session = operation.store.billingPortalSessions.put({
        id: newId('bps'),
        object: 'billing_portal.session',
        configuration: given.configuration ?? 'bpc_1SimulatorDefault',
        created: operation.now,
        customer: customer.id,
        customer_account: null,
        flow: null,
        livemode: operation.livemode,
        locale: null,
        on_behalf_of: null,
        return_url: given.return_url ?? null,
        url: `${operation.settings.baseUrl}/_sim/portal/${randomText(32)}`,
      });
      operation.emit('billing_portal.session.created', session);
      return session;
    },
  ),
];
