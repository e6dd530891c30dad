import { describe, expect, test } from 'vitest';
import {
  HANDLED_EVENT_TYPES,
  routeOf,
  type StripeEvent,
  TEST_PURCHASE_EVENT_TYPES,
  wantedEventTypes,
} from '../../domain/stripe-event.ts';
import { priceOfCredits, stepsMarkdown, type TestPurchaseState } from '../../domain/test-purchase.ts';

const STATE: TestPurchaseState = {
  purchaseId: 'p1',
  userId: 'ada',
  credits: 25,
  card: 'success',
  status: 'processing',
  stripeCustomerId: null,
  paymentIntentId: null,
  link: null,
  problem: null,
  declineCode: null,
  steps: [],
};

describe('what the Temporal Web UI shows of a purchase', () => {
  test('is each step with its time, and where it stands', () => {
    const steps = [
      { step: 'customer', at: '2026-11-24T14:30:05.120Z', detail: 'ada is cus_1 in test mode' },
      { step: 'payment', at: '2026-11-24T14:30:06.000Z', detail: 'Charging $25.00' },
    ] as const;
    expect(stepsMarkdown({ ...STATE, steps })).toBe(
      `**processing**

| Time | Step |  |
| --- | --- | --- |
| 2026-11-24 14:30:05 UTC | customer | ada is cus_1 in test mode |
| 2026-11-24 14:30:06 UTC | payment | Charging $25.00 |`,
    );
  });

  test('is the link, while the owner of the card is waited for', () => {
    const state = { ...STATE, status: 'requires_action', link: 'https://bank.example/1' } as const;
    expect(stepsMarkdown(state)).toContain(
      '**requires action** · [authenticate the card here](https://bank.example/1)',
    );
  });

  test('is why it was declined, whatever Stripe writes', () => {
    const problem = 'Your card | was\ndeclined.';
    const state = { ...STATE, status: 'declined', declineCode: 'generic_decline', problem } as const;
    expect(stepsMarkdown(state).split('\n')[0]).toBe(
      '**declined** · `generic_decline` · Your card \\| was declined.',
    );
  });
});

test('credits cost what the price list says, rounded once', () => {
  expect(priceOfCredits(25, '100')).toBe(2_500);
  expect(priceOfCredits(3, '99.5')).toBe(299);
});

describe('an event is about a test purchase', () => {
  const event: StripeEvent = {
    id: 'evt_1',
    type: 'payment_intent.succeeded',
    created: 1,
    livemode: false,
    data: { object: { id: 'pi_1', metadata: { purchase_id: 'p-1' } } },
  };

  test('when it is of a payment whose metadata says so', () => {
    for (const type of TEST_PURCHASE_EVENT_TYPES)
      expect(routeOf({ ...event, type })).toMatchObject({ to: 'purchase', purchaseId: 'p-1' });
  });

  test.each([
    ['it is of live mode', { livemode: true }],
    ['it is of another type', { type: 'payment_intent.created' }],
    ['it has no metadata', { data: { object: { id: 'pi_1' } } }],
    ['its metadata names none', { data: { object: { id: 'pi_1', metadata: {} } } }],
    ['what it names can be none', { data: { object: { id: 'pi_1', metadata: { purchase_id: 'a:b' } } } }],
  ])('not when %s', (_, overrides) => {
    expect(routeOf({ ...event, ...overrides }).to).not.toBe('purchase');
  });

  test('and only the endpoint of test mode is sent it', () => {
    expect(wantedEventTypes('live')).toEqual([...HANDLED_EVENT_TYPES]);
    expect(wantedEventTypes('test')).toEqual([...HANDLED_EVENT_TYPES, ...TEST_PURCHASE_EVENT_TYPES]);
  });
});
