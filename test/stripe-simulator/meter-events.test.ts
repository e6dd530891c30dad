import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Metered } from './subscription-support.ts';
import { at, eventsAbout, meteredPrice, unix, use } from './subscription-support.ts';
import type { TestSimulator } from './support.ts';
import { failureOf, startTestSimulator } from './support.ts';

let context: TestSimulator;
let metered: Metered;
let customer: string;

beforeEach(async () => {
  context = await startTestSimulator();
  await at(context, '2027-01-10T12:00:00Z');
  metered = await meteredPrice(context.stripe, '1');
  customer = (await context.stripe.customers.create({})).id;
});

afterEach(() => context[Symbol.asyncDispose]());

const post = (fields: { identifier?: string; value?: string; timestamp?: number }) => {
  const { identifier, value = '1', timestamp } = fields;
  return context.stripe.billing.meterEvents.create({
    event_name: metered.meter.event_name,
    payload: { stripe_customer_id: customer, value },
    ...(identifier === undefined ? {} : { identifier }),
    ...(timestamp === undefined ? {} : { timestamp }),
  });
};

const summaries = async (start: string, end: string, window?: 'day' | 'hour') => {
  const { data } = await context.stripe.billing.meters.listEventSummaries(metered.meter.id, {
    customer,
    start_time: unix(start),
    end_time: unix(end),
    ...(window === undefined ? {} : { value_grouping_window: window }),
  });
  return data.map(({ start_time: from, aggregated_value: value }) => [from, value]);
};

test('an identifier counts once, and is refused afterwards', async () => {
  expect(await post({ identifier: 'once', value: '5' })).toMatchObject({ identifier: 'once' });
  expect(await failureOf(post({ identifier: 'once', value: '5' }))).toMatchObject({
    statusCode: 400,
    param: 'identifier',
  });
  expect(await summaries('2027-01-10T00:00:00Z', '2027-01-11T00:00:00Z')).toEqual([
    [unix('2027-01-10T00:00:00Z'), 5],
  ]);
});

test('an event is at most 35 days old and 5 minutes ahead', async () => {
  const now = unix('2027-01-10T12:00:00Z');
  const day = 86_400;
  expect(await failureOf(post({ timestamp: now - 36 * day }))).toMatchObject({ param: 'timestamp' });
  expect(await failureOf(post({ timestamp: now + 600 }))).toMatchObject({ param: 'timestamp' });
  await post({ timestamp: now - 34 * day });
  await post({ timestamp: now + 200 });
});

test('sums come by the hour and by the day, newest first, on UTC boundaries', async () => {
  const { stripe } = context;
  for (const [value, moment] of [
    ['0.1', '2027-01-08T23:59:59Z'],
    ['0.2', '2027-01-09T00:00:00Z'],
    ['1', '2027-01-09T00:59:59Z'],
    ['4', '2027-01-09T01:00:00Z'],
  ] as const)
    await use(stripe, metered, customer, value, unix(moment));
  const days = await summaries('2027-01-08T00:00:00Z', '2027-01-10T00:00:00Z', 'day');
  expect(days).toEqual([
    [unix('2027-01-09T00:00:00Z'), 5.2],
    [unix('2027-01-08T00:00:00Z'), 0.1],
  ]);
  expect(await summaries('2027-01-09T00:00:00Z', '2027-01-09T02:00:00Z', 'hour')).toEqual([
    [unix('2027-01-09T01:00:00Z'), 4],
    [unix('2027-01-09T00:00:00Z'), 1.2],
  ]);
  expect(await failureOf(summaries('2027-01-09T00:00:30Z', '2027-01-10T00:00:00Z'))).toMatchObject({
    param: 'start_time',
  });
  expect(await failureOf(summaries('2027-01-09T00:00:00Z', '2027-01-09T12:00:00Z', 'day'))).toMatchObject({
    param: 'end_time',
  });
});

test('an event can be canceled for a day, and its identifier stays taken', async () => {
  const { stripe } = context;
  const cancel = (identifier: string) =>
    stripe.billing.meterEventAdjustments.create({
      event_name: metered.meter.event_name,
      type: 'cancel',
      cancel: { identifier },
    });
  await post({ identifier: 'wrong', value: '100' });
  await post({ identifier: 'late', value: '1' });
  expect(await cancel('wrong')).toMatchObject({ status: 'complete', cancel: { identifier: 'wrong' } });
  expect(await summaries('2027-01-10T00:00:00Z', '2027-01-11T00:00:00Z')).toMatchObject([
    [expect.anything(), 1],
  ]);
  expect(await failureOf(post({ identifier: 'wrong' }))).toMatchObject({ param: 'identifier' });
  expect(await failureOf(cancel('nothing'))).toMatchObject({ code: 'resource_missing' });
  await at(context, '2027-01-11T13:00:00Z');
  expect(await failureOf(cancel('late'))).toMatchObject({ statusCode: 400 });
});

test('a meter that is deactivated takes no events until it is active again', async () => {
  const { stripe } = context;
  const { meter } = metered;
  expect(await stripe.billing.meters.deactivate(meter.id)).toMatchObject({ status: 'inactive' });
  expect(await failureOf(post({}))).toMatchObject({ code: 'archived_meter' });
  expect(await stripe.billing.meters.reactivate(meter.id)).toMatchObject({
    status: 'active',
    status_transitions: { deactivated_at: null },
  });
  await post({});
  await stripe.billing.meters.update(meter.id, { display_name: 'Hours' });
  expect(await eventsAbout(stripe, meter.id)).toEqual([
    'billing.meter.created',
    'billing.meter.deactivated',
    'billing.meter.reactivated',
    'billing.meter.updated',
  ]);
});
