import getPort from 'get-port';
import type { Breakage, Case, Clinic } from './clinic.ts';

/** Of Stripe: keys, webhook endpoints, clocks. */
export function stripeCases(clinic: Clinic): readonly Case[] {
  type EndpointChange = Parameters<Clinic['service']['stripe']['test']['webhookEndpoints']['update']>[1];

  const endpointOf = async () => {
    const [endpoint] = (await clinic.service.stripe.test.webhookEndpoints.list()).data;
    if (endpoint === undefined) throw new Error('there is no webhook endpoint');
    return endpoint;
  };

  const changeEndpoint = (change: EndpointChange, back: EndpointChange): Breakage => {
    return async () => {
      const { id, url, enabled_events } = await endpointOf();
      const { webhookEndpoints } = clinic.service.stripe.test;
      await webhookEndpoints.update(id, change);
      const events = enabled_events as NonNullable<EndpointChange>['enabled_events'];
      return {
        undo: () =>
          webhookEndpoints.update(id, { url, ...(events ? { enabled_events: events } : {}), ...back }),
      };
    };
  };

  const addEndpoint = (
    make: (url: string) => { readonly url: string; readonly api_version?: '2026-10-28.endive' },
  ): Breakage => {
    return async () => {
      const { url } = await endpointOf();
      const { webhookEndpoints } = clinic.service.stripe.test;
      const { id } = await webhookEndpoints.create({ enabled_events: ['*'], ...make(url) });
      return { undo: () => webhookEndpoints.del(id) };
    };
  };

  const moveStripesClock = (byMs: number): Breakage => {
    return async () => {
      const { simulator } = clinic.service;
      await simulator.setClock(Date.now() + byMs);
      return { undo: () => simulator.setClock(Date.now()) };
    };
  };

  return [
    {
      what: 'a key that Stripe does not take, of which all else of the mode is a consequence',
      breaks: () =>
        Promise.resolve({ parts: clinic.withTestMode({ secretKey: 'sk_test_simulator_expired' }) }),
      finds: ['key test'],
      finding: /Stripe does not take sk_test_…ired \(api_key_expired\)/,
      mend: /Dashboard \(Developers → API keys\) into STRIPE_TEST_SECRET_KEY/,
    },
    {
      what: 'a dead Stripe',
      breaks: async () => ({
        parts: clinic.withTestMode({ apiBase: `http://127.0.0.1:${await getPort()}` }),
      }),
      finds: ['key test'],
      finding: /connection to Stripe/,
      mend: /status\.stripe\.com/,
    },
    {
      what: 'a restricted key that may not read what billing reads',
      breaks: async () => {
        for (const route of ['GET /v1/account', 'GET /v1/payment_methods/:id', 'GET /v1/invoices'])
          await clinic.service.simulator.addFault({ route, kind: 'status_403', mode: 'test' });
        return { parts: clinic.withTestMode({ secretKey: 'rk_test_simulator_narrow' }) };
      },
      finds: ['key_permissions test'],
      finding: /may not read: Payment Methods, Invoices\.$/,
      mend: /Give it these permissions in the Dashboard/,
    },
    {
      what: 'a webhook secret that is cut off',
      breaks: () => Promise.resolve({ parts: clinic.withTestMode({ webhookSecret: 'whsec_abc' }) }),
      finds: ['webhook_secret test'],
      state: 'warning',
      finding: /STRIPE_TEST_WEBHOOK_SECRET is shorter/,
      mend: /Copy the signing secret/,
    },
    {
      what: 'an endpoint that is disabled',
      breaks: changeEndpoint({ disabled: true }, { disabled: false }),
      finds: ['webhook_endpoint test'],
      finding: /we_\w+ is disabled/,
      mend: /Enable it in Stripe's Dashboard \(Developers → Webhooks\)/,
    },
    {
      what: 'an endpoint that is not sent all',
      breaks: changeEndpoint({ enabled_events: ['invoice.paid', 'customer.created'] }, {}),
      finds: ['webhook_events test'],
      finding: /we_\w+ lacks checkout\.session\.completed, /,
      mend: /Add these events/,
    },
    {
      what: 'no endpoint at all',
      breaks: changeEndpoint({ url: 'https://elsewhere.example/hook' }, {}),
      finds: ['webhook_endpoint test'],
      finding: /no webhook endpoint of test mode that ends with \/api\/webhooks\/stripe-test/,
      mend: /setup-stripe --mode test --url https:\/\/your-domain --apply.* STRIPE_TEST_WEBHOOK_SECRET/,
    },
    {
      what: "an endpoint that sends to the other mode's path",
      breaks: addEndpoint(() => ({
        url: 'https://billing.example/api/webhooks/stripe',
        api_version: '2026-10-28.endive',
      })),
      finds: ['webhook_endpoint test'],
      finding: /sends to the other mode's path/,
      mend: /ends with \/api\/webhooks\/stripe-test/,
    },
    {
      what: 'two endpoints to one address',
      breaks: addEndpoint((url) => ({ url, api_version: '2026-10-28.endive' })),
      finds: ['webhook_endpoint test'],
      state: 'warning',
      finding: /more than once/,
      mend: /Delete all endpoints to it but one/,
    },
    {
      what: "an endpoint of the account's default version",
      breaks: addEndpoint(() => ({ url: 'https://billing.example/api/webhooks/stripe-test' })),
      finds: ['webhook_version test'],
      state: 'warning',
      finding: /the account's default version/,
      mend: /Add an endpoint of version 2026-10-28\.endive/,
    },
    {
      what: "a clock of Stripe's that is half a minute ahead",
      breaks: moveStripesClock(30_000),
      finds: ['clock live', 'clock test'],
      state: 'warning',
      finding: /Stripe's clock is (29|30|31) s ahead of/,
      mend: /NTP/,
    },
    {
      what: "a clock of Stripe's that is ten minutes behind",
      breaks: moveStripesClock(-600_000),
      finds: ['clock live', 'clock test'],
      finding: /Stripe's clock is (599|600|601) s behind/,
      mend: /NTP/,
    },
    {
      what: 'a clock of ours that is half a minute behind',
      breaks: () => Promise.resolve({ parts: { now: () => new Date(Date.now() - 30_000) } }),
      finds: ['clock', 'clock live', 'clock test'],
      state: 'warning',
      finding: /clock is (29|30|31) s ahead of/,
      mend: /NTP/,
    },
  ];
}
