import { expect, test } from 'vitest';
import { clockFinding } from '../../../api/health/clock.ts';
import { partitionsFinding, postgresFinding } from '../../../cli/doctor/database-checks.ts';
import { hookFinding } from '../../../cli/doctor/service-checks.ts';
import { accountFinding, maskedKey } from '../../../cli/doctor/stripe-checks.ts';
import { retentionFinding, serverFinding } from '../../../cli/doctor/temporal-checks.ts';
import {
  type Endpoint,
  endpointFinding,
  eventsFinding,
  servedAddresses,
  versionFinding,
} from '../../../cli/doctor/webhook-endpoints.ts';
import { parseBillingPeriod } from '../../../domain/billing-period.ts';
import { wantedEventTypes } from '../../../domain/stripe-event.ts';
import { isOlder } from '../../../domain/versions.ts';

const textLike = (pattern: RegExp): unknown => expect.stringMatching(pattern);

const DAY_MS = 24 * 60 * 60_000;

test.each([
  ['20.20.2', '20.20', false],
  ['20.9.0', '20.20', true],
  ['18.1 (Debian 18.1-1)', '15', false],
  ['9.6.24', '15', true],
  ['1.30.0-148.2', '1.28', false],
  ['1.27.9', '1.28', true],
  ['', '1', true],
])('whether %j is older than %s: %s', (version, than, expected) => {
  expect(isOlder(version, than)).toBe(expected);
});

test.each([
  [0, 'ok', /is 0 ms ahead of this one's/],
  [-5_000, 'ok', /is 5 s behind this one's/],
  [5_001, 'warning', /is 5 s ahead/],
  [-60_000, 'warning', /is 60 s behind/],
  [60_001, 'problem', /is 60 s ahead/],
])('a clock that is off by %d ms is %s', (skewMs, state, finding) => {
  const found = clockFinding("Stripe's", skewMs);
  expect(found.state).toBe(state);
  expect(found.finding).toMatch(finding);
});

test.each([
  ['1.27.4', 'problem'],
  ['1.28.0', 'ok'],
  ['1.29.1', 'ok'],
  ['1.32.9', 'ok'],
  ['1.33.0', 'warning'],
  ['2.0.0', 'warning'],
])("Temporal's server %s: %s", (version, state) => {
  expect(serverFinding(version).state).toBe(state);
});

test.each([
  ['14.9', 'problem'],
  ['15.0', 'ok'],
  ['18.1 (Debian 18.1-1)', 'ok'],
])('PostgreSQL %s: %s', (version, state) => {
  expect(postgresFinding(version).state).toBe(state);
});

test('a namespace that forgets within a week is worth a warning, but not on a laptop', () => {
  const namespace = 'billing';
  expect(retentionFinding(DAY_MS, { isTemporalEmbedded: false, namespace })).toMatchObject({
    state: 'warning',
    finding: 'What has ended is forgotten after 1 day.',
    mend: textLike(/namespace update -n billing --retention 30d/),
  });
  expect(retentionFinding(7 * DAY_MS, { isTemporalEmbedded: false, namespace }).state).toBe('ok');
  expect(retentionFinding(DAY_MS, { isTemporalEmbedded: true, namespace }).state).toBe('ok');
});

test('a month without usage needs no partition, one with usage does', () => {
  const [september, october] = [parseBillingPeriod('2026-09'), parseBillingPeriod('2026-10')];
  expect(partitionsFinding([], october, false)).toMatchObject({
    state: 'ok',
    finding: 'No usage other than storage has come in yet.',
  });
  expect(partitionsFinding([september], october, false)).toMatchObject({
    state: 'ok',
    finding: textLike(/2026-09/),
  });
  expect(partitionsFinding([september, october], october, true).state).toBe('ok');
  expect(partitionsFinding([september], october, true)).toMatchObject({
    state: 'problem',
    mend: textLike(/usage_events_2026_10/),
  });
});

test('keys of two accounts are worth a warning; what a restricted key may not tell is not', () => {
  expect(accountFinding('acct_1', 'acct_1').state).toBe('ok');
  expect(accountFinding('acct_1', null).state).toBe('ok');
  expect(accountFinding('acct_1', 'acct_2')).toMatchObject({
    state: 'warning',
    finding: textLike(/acct_2.*acct_1/),
  });
});

test('of a key its kind and its last four characters are shown', () => {
  expect(maskedKey('sk_test_51Habcdefgh1234')).toBe('sk_test_…1234');
  expect(maskedKey('rk_live_abcdefghijklmn')).toBe('rk_live_…klmn');
});

test('a host product that refuses OPTIONS is there all the same', () => {
  for (const status of [200, 204, 302, 401, 404, 405])
    expect(hookFinding('https://host.example', status, '').state).toBe('ok');
  expect(hookFinding('https://host.example', 500, '').state).toBe('warning');
});

const endpoint = (overrides: Partial<Endpoint> = {}): Endpoint => ({
  id: 'we_1',
  url: 'https://billing.example/api/webhooks/stripe',
  isEnabled: true,
  eventTypes: wantedEventTypes('live'),
  apiVersion: '2026-10-28.endive',
  ...overrides,
});

test('endpoints of other programs on the account are nobody to us', () => {
  const other = endpoint({
    id: 'we_2',
    url: 'https://shop.example/stripe',
    eventTypes: ['charge.succeeded'],
  });
  expect(endpointFinding('live', [other, endpoint()]).state).toBe('ok');
  expect(endpointFinding('live', [other]).state).toBe('problem');
});

test('one that is disabled beside one that serves is in order', () => {
  const old = endpoint({ id: 'we_0', isEnabled: false });
  expect(endpointFinding('live', [old, endpoint()]).state).toBe('ok');
  expect(endpointFinding('live', [old])).toMatchObject({
    state: 'problem',
    finding: textLike(/we_0 is disabled/),
  });
});

test('one that is disabled beside one that serves another address is worth a warning: it may be ours', () => {
  const other = endpoint({ id: 'we_2', url: 'https://staging.example/api/webhooks/stripe' });
  expect(endpointFinding('live', [endpoint({ isEnabled: false }), other])).toMatchObject({
    state: 'warning',
    finding: textLike(
      /^Stripe sends to https:\/\/staging\S+, but no more to https:\/\/billing\S+: we_1 is disabled\.$/,
    ),
    mend: textLike(/enable it .* If nothing is there any more, delete it\.$/),
  });
});

test('two that share the types of one address between them lack none, one of another address does', () => {
  const half = endpoint({ id: 'we_2', eventTypes: wantedEventTypes('live').slice(1) });
  const other = endpoint({ eventTypes: wantedEventTypes('live').slice(0, 1) });
  expect(eventsFinding('live', servedAddresses('live', [half, other])).state).toBe('ok');
  const elsewhere = { ...other, url: 'https://staging.example/api/webhooks/stripe' };
  expect(eventsFinding('live', servedAddresses('live', [half, elsewhere]))).toMatchObject({
    state: 'problem',
    finding: textLike(/we_2 lacks checkout\.session\.completed; we_1 lacks /),
  });
});

test('what is sent beyond what is needed is told, and in order; so is everything', () => {
  const more = endpoint({ eventTypes: [...wantedEventTypes('live'), 'customer.created'] });
  expect(eventsFinding('live', servedAddresses('live', [more]))).toMatchObject({
    state: 'ok',
    finding: textLike(/ignored: customer\.created\.$/),
  });
  expect(eventsFinding('live', servedAddresses('live', [endpoint({ eventTypes: ['*'] })])).state).toBe('ok');
});

test('in test mode the events of test purchases are needed too', () => {
  expect(
    eventsFinding(
      'test',
      servedAddresses('test', [endpoint({ url: 'https://billing.example/api/webhooks/stripe-test' })]),
    ),
  ).toMatchObject({
    state: 'problem',
    finding: textLike(/we_1 lacks payment_intent\.succeeded, .*payment_intent\.canceled\.$/),
  });
});

test('events of another version are worth a warning', () => {
  expect(versionFinding([endpoint()], '2026-10-28.endive').state).toBe('ok');
  expect(versionFinding([endpoint({ apiVersion: '2024-06-20' })], '2026-10-28.endive')).toMatchObject({
    state: 'warning',
    finding: textLike(/we_1 as of 2024-06-20/),
  });
});
