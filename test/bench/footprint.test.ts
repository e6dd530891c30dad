import { expect, test } from 'vitest';
import { figuresOf, type Sight } from '../../bench/footprint.ts';

const NOTHING: Sight = {
  tables: new Map([['bills', 8_000]]),
  billableActions: 0,
  historyEvents: 0,
  historyBytes: 0,
  webhooks: 0,
  stripeRequests: 0,
};

const figures = figuresOf({
  machine: { cores: 2, cpu: 'any', loadAverage: 0 },
  options: { customers: 10, eventsPerCustomer: 100 },
  before: NOTHING,
  signedUp: { ...NOTHING, tables: new Map([['bills', 9_000]]), billableActions: 190, webhooks: 30 },
  after: {
    ...NOTHING,
    tables: new Map([
      ['bills', 12_000],
      ['usage_events', 150_000],
      ['usage_event_ids', 170_000],
    ]),
    billableActions: 290,
    webhooks: 80,
  },
  close: { events: 40, billableActions: 20 },
});

test('a month is what came after the sign-up, with its share of the close', () => {
  expect(figures.signUp).toMatchObject({ billableActions: 19, webhooks: 3 });
  expect(figures.month).toMatchObject({ billableActions: 10 + 2, historyEvents: 4, webhooks: 5 });
});

test('raw usage and the ids that make it count once are told by event, and all else by customer', () => {
  expect(figures.bytesPerUsageEvent).toBe(320);
  expect(figures.signUp.databaseBytes).toBe(100);
  expect(figures.month.databaseBytes).toBe(300);
});
