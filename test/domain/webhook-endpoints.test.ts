import { expect, test } from 'vitest';
import { compareWebhookEndpoints } from '../../domain/compare-webhook-endpoints.ts';
import { WEBHOOK_PATHS, wantedEventTypes } from '../../domain/stripe-event.ts';
import { type WebhookEndpoint, webhookAddresses } from '../../domain/webhook-endpoints.ts';

const ours: WebhookEndpoint = {
  id: 'we_1',
  url: `https://billing.example${WEBHOOK_PATHS.live}`,
  isEnabled: true,
  eventTypes: wantedEventTypes('live'),
};
/** Of another installation that uses the same account. */
const theirs: WebhookEndpoint = { ...ours, id: 'we_2', url: `https://staging.example${WEBHOOK_PATHS.live}` };

const found = (...endpoints: WebhookEndpoint[]) =>
  compareWebhookEndpoints(endpoints, 'live').map(({ finding }) => `${finding.code} ${finding.objectId}`);

test('the endpoint of another installation does not make up for one that is disabled', () => {
  expect(found(ours, theirs)).toEqual([]);
  expect(found({ ...ours, isEnabled: false }, theirs)).toEqual(['webhook_endpoint_disabled we_1']);
});

test('the endpoint of another installation does not make up for types that one does not ask for', () => {
  expect(found({ ...ours, eventTypes: ['invoice.paid'] }, { ...theirs, eventTypes: ['*'] })).toEqual([
    'webhook_endpoint_types we_1',
  ]);
});

test('two endpoints to one address may share the types between them', () => {
  const [first, ...others] = ours.eventTypes;
  const halves = [
    { ...ours, eventTypes: first === undefined ? [] : [first] },
    { ...ours, id: 'we_3', eventTypes: others },
  ];
  expect(found(...halves)).toEqual([]);
  expect(webhookAddresses(halves, 'live')).toMatchObject([
    { url: ours.url, serving: [{ id: 'we_1' }, { id: 'we_3' }], disabled: [], lacks: [] },
  ]);
  expect(found({ ...ours, isEnabled: false }, { ...ours, id: 'we_3' })).toEqual([]);
});

test.each([
  ['https://billing.example/api/webhooks/stripe?from=stripe', true],
  ['https://billing.example/behind/a/proxy/api/webhooks/stripe', true],
  ['https://billing.example/api/webhooks/stripe-test', false],
  ['https://billing.example/?next=/api/webhooks/stripe', false],
  ['/api/webhooks/stripe', false],
])('whether %s leads to the path of live mode: %s', (url, leadsThere) => {
  expect(webhookAddresses([{ ...ours, url }], 'live')).toHaveLength(leadsThere ? 1 : 0);
});
